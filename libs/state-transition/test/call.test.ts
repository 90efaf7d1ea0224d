// Goal: calls and estimates follow geth: reverts with data, halts, funds, overrides, EIP-7623, the least sufficient gas.
// Method: messages against test contracts; an estimate must succeed as a transaction, and 2 % less must not.
import { hexToBytes, isChainError, toAddress, type ChainErrorDetail } from '@sheaf/primitives';
import { proveState, readAccount } from '@sheaf/state';
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

test('proofs start at the state root, and give the account and its slots', () => {
  const state = chain.at();
  const proof = proveState(state, contracts.store, [word(3n), word(500n)]);
  expect(proof.account).toEqual(readAccount(state, contracts.store));
  expect(proof.storageProofs.map(({ value }) => value)).toEqual([103n, 0n]);
  expect(proof.accountProof.length).toBeGreaterThan(0);
  expect(proof.storageProofs[0]!.proof.length).toBeGreaterThan(0);
});
