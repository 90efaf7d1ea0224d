// Goal: calls and estimates follow geth: reverts with data, halts, funds, overrides, EIP-7623, the least sufficient gas.
// Method: messages against test contracts; an estimate must succeed as a transaction, and 2 % less must not.
import {
  bytesToHex,
  hexToBytes,
  isChainError,
  toAddress,
  type Address,
  type ChainErrorDetail,
  type Hash32,
} from '@sheaf/primitives';
import { MissingState, notHere, type MissingKey } from '@sheaf/evm';
import { proveState, readAccount, type StateReader } from '@sheaf/state';
import type { CallMessage } from '../src/index.ts';
import { contracts, openChain, senders, sign, testSpec, word, type TestChain } from './chain.ts';

const spec = testSpec('osaka');
const empty = new Uint8Array(0);
const message = (fields: Partial<CallMessage>): CallMessage => ({
  from: senders[0]!,
  to: senders[1]!,
  data: empty,
  value: 0n,
  gasLimit: 0n,
  gasPrice: 0n,
  accessList: [],
  overrides: [],
  ...fields,
});
const override = { balance: undefined, nonce: undefined, code: undefined, slots: [] };

let chain: TestChain;
beforeEach(async () => {
  chain = await openChain(spec);
  await chain.execute(chain.payload({}));
});
const input = (fields: Partial<CallMessage>) => ({
  header: chain.head(),
  message: message(fields),
  ancestors: chain.ancestors().slice(1),
});
const call = (fields: Partial<CallMessage>) => chain.engine.call(input(fields), chain.state);
const estimate = (fields: Partial<CallMessage>) => chain.engine.estimateGas(input(fields), chain.state);
async function refusal(run: Promise<unknown>): Promise<ChainErrorDetail> {
  const error = await run.catch((caught: unknown) => caught);
  if (!isChainError(error)) throw new Error('was not refused');
  return error.detail;
}

test('a revert gives its data, a halt its reason, and neither leaves a trace', async () => {
  expect(await call({ to: contracts.revert, data: hexToBytes(word(7n)) })).toMatchObject({
    status: 'revert',
    output: hexToBytes(word(7n)),
  });
  expect(await call({ to: contracts.burn, gasLimit: 100_000n })).toMatchObject({
    status: 'halt',
    haltReason: 'out of gas',
    gasUsed: 100_000n,
  });
  expect(await call({})).toMatchObject({ status: 'success', gasUsed: 21_000n });
});

test('what cannot start is refused with a reason', async () => {
  expect(await refusal(call({ value: 10n ** 30n }))).toMatchObject({ code: 'REJECTED', reason: 'INSUFFICIENT_FUNDS' });
  expect(await refusal(call({ gasLimit: 20_000n }))).toMatchObject({ reason: 'INTRINSIC_GAS' });
  expect(await refusal(call({ gasPrice: 1n }))).toMatchObject({ reason: 'FEE_CAP_TOO_LOW' });
  expect(await refusal(call({ gasPrice: 10n ** 15n, from: senders[0]! }))).toMatchObject({
    reason: 'INSUFFICIENT_FUNDS',
  });
  expect(await refusal(call({ to: undefined, data: new Uint8Array(49_153) }))).toMatchObject({
    reason: 'INITCODE_TOO_LARGE',
  });
});

test('overrides hold for one call', async () => {
  // Returns SLOAD(0), then BALANCE of the caller.
  const code = hexToBytes('0x5f545f523331602052604 05ff3'.replace(' ', ''));
  const to = toAddress(`0x${'12'.repeat(20)}`);
  const from = toAddress(`0x${'34'.repeat(20)}`);
  const overrides = [
    { ...override, address: to, code, slots: [{ slot: word(0n), value: word(42n) }] },
    { ...override, address: from, balance: 1000n, nonce: 5n },
  ];
  const result = await call({ from, to, value: 1n, overrides });
  expect(result.output).toEqual(hexToBytes(`${word(42n)}${word(999n).slice(2)}`));
  expect(await call({ to })).toMatchObject({ output: empty });
});

test('the base fee is hidden from who offers no price, as geth does', async () => {
  const overrides = [{ ...override, address: contracts.burn, code: hexToBytes('0x485f5260205ff3') }];
  expect((await call({ to: contracts.burn, overrides })).output).toEqual(hexToBytes(word(0n)));
  const { baseFeePerGas } = chain.head();
  expect((await call({ to: contracts.burn, overrides, gasPrice: baseFeePerGas })).output).toEqual(
    hexToBytes(word(baseFeePerGas)),
  );
});

test.each<[string, Partial<CallMessage>]>([
  ['a transfer', { value: 1n }],
  ['a new slot', { to: contracts.store, data: hexToBytes(`${word(77n)}${word(1n).slice(2)}`) }],
  ['a creation', { to: undefined, data: hexToBytes('0x60015f5560006000f3') }],
  ['nested creation', { to: contracts.create, data: hexToBytes('0x60015f5560206000f3') }],
  ['much data (EIP-7623)', { data: new Uint8Array(3_000).fill(1) }],
])('the estimate for %s suffices, and less does not', async (_what, fields) => {
  const gas = await estimate(fields);
  const { to, value, data } = message(fields);
  const attempt = async (gasLimit: bigint) => {
    const fresh = await openChain(spec);
    await fresh.execute(fresh.payload({}));
    const { block } = await fresh.execute(fresh.payload({ transactions: [sign(0, { to, value, data, gasLimit })] }));
    return block.receipts[0]?.status === true;
  };
  expect(await attempt(gas)).toBe(true);
  expect(await attempt((gas * 97n) / 100n)).toBe(false);
});

test('an estimate that cannot succeed says why', async () => {
  expect(await refusal(estimate({ to: contracts.revert, data: hexToBytes(word(9n)) }))).toMatchObject({
    reason: 'REVERTED',
    data: word(9n),
  });
  expect(await refusal(estimate({ to: contracts.burn }))).toMatchObject({
    reason: 'OUT_OF_GAS',
    message: 'gas required exceeds allowance (16777216)',
  });
  expect(await refusal(estimate({ value: 10n ** 30n }))).toMatchObject({ reason: 'INSUFFICIENT_FUNDS' });
});

/** A state of which nothing is here until it was missed; `guesses`: an account is guessed to be none, a slot to be zero. */
function remoteState(guesses: boolean) {
  const fetched = new Set<string>();
  const missed: MissingKey[] = [];
  const lacks = (key: MissingKey, name: string): boolean => {
    if (fetched.has(name)) return false;
    missed.push(key);
    return true;
  };
  const guess = guesses ? undefined : notHere;
  const state: StateReader = {
    account(bytes) {
      const address = bytesToHex(bytes) as Address;
      return lacks({ kind: 'account', address }, address) ? guess : chain.state.account(bytes);
    },
    storage(bytes, key) {
      const [address, slot] = [bytesToHex(bytes) as Address, bytesToHex(key) as Hash32];
      return lacks({ kind: 'slot', address, slot }, address + slot) ? guess : chain.state.storage(bytes, key);
    },
    code: (codeHash) => chain.state.code(codeHash),
  };
  let rounds = 0;
  return {
    rounds: () => rounds,
    async run<T>(attempt: (state: StateReader, guessed?: () => MissingKey[]) => Promise<T>): Promise<T> {
      for (;;) {
        missed.length = 0;
        rounds += 1;
        try {
          return await attempt(state, guesses ? () => [...missed] : undefined);
        } catch (error) {
          if (!(error instanceof MissingState)) throw error;
          expect(error.keys.length).toBeGreaterThan(0);
          for (const key of error.keys) {
            if (key.kind === 'account') fetched.add(key.address);
            if (key.kind === 'slot') fetched.add(key.address + key.slot);
          }
        }
      }
    },
  };
}

test.each([
  ['stopping at what is missing', false],
  ['guessing what is missing', true],
])('a state that is elsewhere gives the same calls and estimates, %s', async (_what, guesses) => {
  // Adds up ten slots.
  const code = hexToBytes(
    `0x5f${Array.from({ length: 10 }, (_, slot) => `60${slot.toString(16).padStart(2, '0')}5401`).join('')}5f5260205ff3`,
  );
  const reading = { to: contracts.store, overrides: [{ ...override, address: contracts.store, code }] };
  const messages: Partial<CallMessage>[] = [
    reading,
    { to: contracts.revert, data: hexToBytes(word(7n)) },
    { to: contracts.create, data: hexToBytes('0x60015f5560206000f3') },
    { value: 1n },
    { value: 10n ** 30n },
    { value: 5n, gasPrice: chain.head().baseFeePerGas },
  ];
  const outcome = (run: Promise<unknown>) =>
    run.catch((error: unknown) => {
      if (!isChainError(error)) throw error;
      return error.detail;
    });
  for (const fields of messages) {
    const far = remoteState(guesses);
    const called = await outcome(
      far.run((state, guessed) => chain.engine.call({ ...input(fields), ...(guessed && { guessed }) }, state)),
    );
    expect(called).toEqual(await outcome(call(fields)));
    if (fields === reading) expect(far.rounds()).toBe(guesses ? 3 : 13);
    const estimated = remoteState(guesses).run((state, guessed) =>
      chain.engine.estimateGas({ ...input(fields), ...(guessed && { guessed }) }, state),
    );
    expect(await outcome(estimated)).toEqual(await outcome(estimate(fields)));
  }
});

test('proofs start at the state root, and give the account and its slots', () => {
  const state = chain.at();
  const proof = proveState(state, contracts.store, [word(3n), word(500n)]);
  expect(proof.account).toEqual(readAccount(state, contracts.store));
  expect(proof.storageProofs.map(({ value }) => value)).toEqual([103n, 0n]);
  expect(proof.accountProof.length).toBeGreaterThan(0);
  expect(proof.storageProofs[0]!.proof.length).toBeGreaterThan(0);
});
