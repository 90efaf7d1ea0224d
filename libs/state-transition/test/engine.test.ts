// Goal: the drop reasons, refused payloads, BLOCKHASH, deep calls, EIP-2935/4788/7002 and witnesses are as promised.
// Method: one block or more for each rule on an in-memory chain.
import { decodeHeader, type UnsignedTransaction } from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, toAddress, toHeight, zeroHash, type Address } from '@sheaf/primitives';
import { payloadHash } from '@sheaf/protocol';
import { readAccount, readStorage, WitnessState } from '@sheaf/state';
import { createEngine } from '../src/index.ts';
import { beaconRootsAddress, historyAddress } from '../src/system-contracts.ts';
import { contracts, openChain, poorKey, senders, sign, testSpec, word } from './chain.ts';
import { openOracle } from './oracle.ts';
import { signTransaction } from '@sheaf/ethereum';

const osaka = testSpec('osaka');
const to = senders[1]!;

test.each<[string, Partial<UnsignedTransaction>]>([
  ['NONCE_TOO_HIGH', { nonce: 1n }],
  ['INSUFFICIENT_FUNDS', { value: 10n ** 30n }],
  ['FEE_CAP_TOO_LOW', { maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }],
  ['INTRINSIC_GAS', { gasLimit: 20_999n }],
  ['INTRINSIC_GAS', { data: new Uint8Array(1_000).fill(1), gasLimit: 40_000n }],
  ['GAS_LIMIT_EXCEEDED', { gasLimit: 16_777_217n }],
  ['BLOB_TRANSACTION', { type: 3, blobVersionedHashes: [word(2n ** 248n)] }],
  ['WRONG_CHAIN', { chainId: 1n }],
  ['INITCODE_TOO_LARGE', { to: undefined, data: new Uint8Array(49_153), gasLimit: 5_000_000n }],
])('%s drops the transaction, and the ones after it go on', async (reason, fields) => {
  const chain = await openChain(osaka);
  const raw = sign(0, { to, ...fields });
  const { block } = await chain.execute(chain.payload({ transactions: [raw, sign(1, { to })] }));
  expect(block.dropped).toMatchObject([{ payloadIndex: 0, reason }]);
  expect(block.receipts).toMatchObject([{ sender: to, status: true, gasUsed: 21_000n }]);
});

test('a nonce used before, bytes that are no transaction, and a known bad signature are dropped', async () => {
  const chain = await openChain(osaka);
  const raw = sign(0, { to });
  const payload = chain.payload({ transactions: [raw, raw, Uint8Array.of(9), sign(1, { to })] });
  const known: (Address | undefined)[] = [senders[0], senders[0], undefined, undefined];
  const { block } = await chain.execute(payload, known);
  expect(block.dropped.map(({ payloadIndex, reason }) => [payloadIndex, reason])).toEqual([
    [1, 'NONCE_TOO_LOW'],
    [2, 'MALFORMED'],
    [3, 'INVALID_SIGNATURE'],
  ]);
});

test('an account with code cannot send, one that delegates can', async () => {
  const spec = testSpec('osaka');
  const account = spec.genesis.alloc.get(senders[0]!)!;
  spec.genesis.alloc.set(senders[0]!, { ...account, code: Uint8Array.of(0x00) });
  spec.genesis.alloc.set(senders[1]!, { ...account, code: hexToBytes(`0xef0100${contracts.store.slice(2)}`) });
  const chain = await openChain(spec);
  const { block } = await chain.execute(
    chain.payload({ transactions: [sign(0, { to }), sign(1, { to: senders[2]! })] }),
  );
  expect(block.dropped).toMatchObject([{ payloadIndex: 0, reason: 'SENDER_NOT_EOA' }]);
  expect(block.receipts).toHaveLength(1);
});

test('the block gas limit admits what fits and drops the rest', async () => {
  const chain = await openChain(osaka);
  const burn = (nonce: bigint) => sign(0, { to: contracts.burn, gasLimit: 14_000_000n, nonce });
  const { block } = await chain.execute(
    chain.payload({ transactions: [burn(0n), burn(1n), burn(2n), sign(1, { to })] }),
  );
  expect(block.dropped).toMatchObject([{ payloadIndex: 2, reason: 'GAS_LIMIT_EXCEEDED' }]);
  expect(block.header.gasUsed).toBe(28_021_000n);
});

test.each<[string, Parameters<Awaited<ReturnType<typeof openChain>>['payload']>[0]]>([
  ['is of chain 5', { chainId: 5n }],
  ['does not follow', { height: toHeight(3) }],
  ['has parent', { parentHash: zeroHash }],
  ['is older', { timestamp: 1n }],
  ['has base fee', { baseFeePerGas: 7n }],
  ['has gas limit', { gasLimit: 4_999n }],
])('a payload that %s is a CONFLICT', async (message, fields) => {
  const chain = await openChain(osaka);
  await chain.execute(chain.payload({}));
  const error = await chain.execute(chain.payload(fields)).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(message) });
});

test('BLOCKHASH reads ancestors, puts them into the witness, and misses none of them silently', async () => {
  const chain = await openChain(osaka);
  const oracle = await openOracle(osaka, chain.genesis.hash);
  const hashes = [chain.genesis.hash];
  for (let i = 0; i < 8; i++) {
    const { block } = await chain.execute(chain.payload({}));
    hashes.push(block.hash);
    await oracle.run(block.rlp);
  }
  const payload = chain.payload({ transactions: [sign(0, { to: contracts.environment, data: hexToBytes(word(5n)) })] });
  const { block, headers: read } = await chain.execute(payload);
  await oracle.run(block.rlp);
  expect(readStorage(chain.at(), contracts.environment, word(0n))).toBe(BigInt(hashes[4]!));
  expect(read).toHaveLength(4);
  const headers = read.map(decodeHeader);
  const input = { payload, payloadHash: payloadHash(payload), parent: headers[0]! };
  const run = (ancestors: typeof headers) =>
    chain.engine.executePayload({ ...input, ancestors }, new WitnessState(chain.witness(), headers[0]!.stateRoot));
  expect((await run(headers)).block.hash).toBe(block.hash);
  await expect(run(headers.slice(0, 3))).rejects.toMatchObject({ code: 'DATA_LOSS' });
  const forged = { ...headers[3]!, parentHash: zeroHash };
  await expect(run([...headers.slice(0, 3), forged])).rejects.toMatchObject({ code: 'DATA_LOSS' });
  // EIP-2935 and EIP-4788: the system calls left the parent's hash and the payload's parent.
  expect(readStorage(chain.at(), historyAddress, word(8n))).toBe(BigInt(hashes[8]!));
  const slot = (block.header.timestamp % 8_191n) + 8_191n;
  expect(readStorage(chain.at(), beaconRootsAddress, word(slot))).toBe(BigInt(payload.parentHash));
});

test('losing any one storage or code of a busy witness, or a byte of it is DATA_LOSS, never another root', async () => {
  const chain = await openChain(osaka);
  const transactions = [
    sign(0, { to: contracts.store, data: hexToBytes(`0x${'00'.repeat(64)}`) }),
    sign(1, { to: contracts.create, data: hexToBytes('0x60015f5533ff'), gasLimit: 300_000n }),
    sign(2, { to: contracts.store, data: hexToBytes(`0x${'00'.repeat(31)}03${'00'.repeat(32)}`) }),
    sign(3, { to: contracts.revert }),
  ];
  const payload = chain.payload({ transactions });
  const parent = chain.head();
  const { block } = await chain.execute(payload);
  const witness = chain.witness();
  expect(block.receipts.map((receipt) => receipt.status)).toEqual([true, true, true, false]);
  const input = { payload, payloadHash: payloadHash(payload), parent, ancestors: [parent] };
  const remake = async (on: typeof witness) =>
    (await chain.engine.executePayload(input, new WitnessState(on, parent.stateRoot))).block.hash;
  expect(await remake(witness)).toBe(block.hash);
  const lost = expect.objectContaining({ code: 'DATA_LOSS' });
  for (const list of ['storages', 'codes'] as const) {
    expect(witness[list].length).toBeGreaterThan(0);
    for (const index of witness[list].keys()) {
      await expect(remake({ ...witness, [list]: witness[list].filter((_, i) => i !== index) })).rejects.toEqual(lost);
    }
  }
  for (let at = 0; at < witness.accounts.length; at += 7) {
    const accounts = witness.accounts.slice();
    accounts[at]! ^= 1;
    const refused = expect.objectContaining({ code: expect.stringMatching(/DATA_LOSS|INVALID_ARGUMENT/) });
    await expect(remake({ ...witness, accounts })).rejects.toEqual(refused);
  }
});

test('calls nest as deep as the gas goes', async () => {
  const chain = await openChain(osaka);
  const message = {
    from: senders[0]!,
    to: contracts.recurse,
    data: new Uint8Array(0),
    value: 0n,
    gasPrice: 0n,
    accessList: [],
    overrides: [],
    gasLimit: 50_000_000n,
  };
  // 63/64 of the gas a level: 50 M end after some hundred levels, well before the limit of 1,024.
  const result = await chain.engine.call({ header: chain.head(), message, ancestors: [] }, chain.state);
  expect(result.status).toBe('success');
});

test('the same payload makes the same block, with senders given or recovered', async () => {
  const transactions = [0, 1, 2].map((from) => sign(from, { to, value: 5n }));
  const runs = await Promise.all(
    [undefined, senders.slice(0, 3)].map(async (known) => {
      const chain = await openChain(osaka);
      const { block } = await chain.execute(chain.payload({ transactions }), known);
      return block.hash;
    }),
  );
  expect(runs[0]).toBe(runs[1]);
});

test('KZG point evaluation works inside a block', async () => {
  // The zero polynomial: commitment and proof are the point at infinity.
  const infinity = `c0${'00'.repeat(47)}`;
  const versioned = '010657f37554c781402a22917dee2f75def7ab966d7b770905398eba3c444014';
  const input = hexToBytes(`${word(10n)}${versioned}${'00'.repeat(64)}${infinity}${infinity}`);
  const chain = await openChain(osaka);
  await chain.execute(chain.payload({ transactions: [sign(0, { to: contracts.forward, data: input })] }));
  expect(readStorage(chain.at(), contracts.forward, word(0n))).toBe(1n);
  expect(readStorage(chain.at(), contracts.forward, word(1n))).toBe(4096n);
});

test('an unfunded sender is dropped and leaves no account', async () => {
  const chain = await openChain(osaka);
  const raw = signTransaction(
    { type: 0, chainId: osaka.chainId, nonce: 0n, gasLimit: 21_000n, gasPrice: 2n * 10n ** 9n, to },
    poorKey,
  );
  const { block } = await chain.execute(chain.payload({ transactions: [raw] }));
  expect(block.dropped).toMatchObject([{ reason: 'INSUFFICIENT_FUNDS' }]);
  expect(bytesToHex(block.header.extraData)).toBe(block.payloadHash);
  expect(readAccount(chain.at(), to).balance).toBe(10n ** 22n);
});

test('what the engine has not the memory for is dropped with the cause, by everyone', async () => {
  const spec = testSpec('prague');
  const greedy = toAddress(`0x${'9e'.repeat(20)}`);
  // MSTORE at 1.6 GiB, which 5 * 10^12 gas pay for.
  const code = hexToBytes('0x5f636000000052');
  spec.genesis.alloc.set(greedy, { balance: 0n, nonce: 1n, code, storage: new Map() });
  const chain = await openChain(spec);
  const fees = { maxFeePerGas: 1_100_000_000n, maxPriorityFeePerGas: 0n };
  const transactions = [sign(0, { to: greedy, gasLimit: 5n * 10n ** 12n, ...fees }), sign(0, { to, ...fees })];
  const payload = chain.payload({ transactions, gasLimit: 10n ** 13n });
  const parent = chain.head();
  const { block } = await chain.execute(payload);
  expect(block.dropped).toMatchObject([
    { payloadIndex: 0, reason: 'UNSUPPORTED', cause: 'the EVM has used up its memory' },
  ]);
  expect(block.receipts).toMatchObject([{ status: true }]);
  const input = { payload, payloadHash: payloadHash(payload), parent, ancestors: [parent] };
  const again = await createEngine(spec).executePayload(input, new WitnessState(chain.witness(), parent.stateRoot));
  expect(again.block.hash).toBe(block.hash);
});
