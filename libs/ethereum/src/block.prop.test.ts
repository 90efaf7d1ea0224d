// Goal: headers, blocks, receipts, blooms, base fees and ordered roots are byte for byte Ethereum's.
// Method: fast-check against @ethereumjs/block, vm and mpt as oracles.
import { createBlock, createBlockFromRLP } from '@ethereumjs/block';
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common';
import { createMPT } from '@ethereumjs/mpt';
import { Bloom, encodeReceipt as encodeOracleReceipt } from '@ethereumjs/vm';
import { RLP } from '@ethereumjs/rlp';
import { bytesToHex, toAddress, toHash32, toHeight, type Hash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import {
  decodeBlock,
  decodeHeader,
  emptyOmmersHash,
  encodeBlock,
  encodeHeader,
  headerHash,
  type Header,
} from './block.ts';
import { nextBaseFee } from './gas.ts';
import { limits } from './limits.ts';
import { Logs, type Log } from './logs.ts';
import { orderedRoot, receiptsRoot, transactionsRoot, withdrawalsRoot } from './ordered-root.ts';
import { encodeReceipt } from './receipt.ts';
import { signTransaction } from './sign-transaction.ts';
import { emptyRoot } from './trie.ts';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hash = bytesOf(32).map((bytes) => toHash32(bytes));
const address = bytesOf(20).map((bytes) => toAddress(bytes));
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const withdrawal = fc.record({ index: uint64, validatorIndex: uint64, address, amountGwei: uint64 });

const header = (fork: 'cancun' | 'osaka'): fc.Arbitrary<Header> =>
  fc.record({
    parentHash: hash,
    ommersHash: fc.constant(emptyOmmersHash),
    coinbase: address,
    stateRoot: hash,
    transactionsRoot: hash,
    receiptsRoot: hash,
    logsBloom: bytesOf(256),
    difficulty: fc.constant(0n),
    number: uint64.map((number) => toHeight(number + 1n)),
    gasLimit: fc.bigInt({ min: 5_000n, max: 2n ** 62n }),
    gasUsed: fc.bigInt({ min: 0n, max: 5_000n }),
    timestamp: uint64,
    extraData: fc.uint8Array({ maxLength: 32 }),
    prevRandao: hash,
    nonce: fc.constant(new Uint8Array(8)),
    baseFeePerGas: fc.bigInt({ min: 1n, max: 2n ** 100n }),
    withdrawalsRoot: hash,
    blobGasUsed: fc.constant(0n),
    excessBlobGas: fc.constant(0n),
    parentBeaconBlockRoot: hash,
    requestsHash: fork === 'osaka' ? hash : fc.constant(undefined),
  });

test.each(['cancun', 'osaka'] as const)('%s blocks agree with the oracle', (fork) => {
  const common = createCustomCommon({ chainId: 74323 }, Mainnet, { hardfork: fork as Hardfork });
  const raws = [0, 1, 2].map((type) =>
    signTransaction(
      { type: type as 0 | 1 | 2, chainId: 74323n, nonce: 1n, gasLimit: 60_000n, gasPrice: 5n },
      new Uint8Array(32).fill(9),
    ),
  );
  fc.assert(
    fc.property(
      header(fork),
      fc.array(withdrawal, { maxLength: 3 }),
      fc.subarray(raws),
      (fields, withdrawals, transactions) => {
        const block = { header: fields, transactions, withdrawals };
        const rlp = encodeBlock(block);
        const oracle = createBlockFromRLP(rlp, { common, setHardfork: false });
        expect(bytesToHex(oracle.hash())).toBe(headerHash(fields));
        expect(bytesToHex(oracle.serialize())).toBe(bytesToHex(rlp));
        expect(decodeHeader(encodeHeader(fields))).toEqual(fields);
        expect(bytesToHex(encodeBlock(decodeBlock(rlp)))).toBe(bytesToHex(rlp));
        expect(decodeBlock(rlp).transactions.map(bytesToHex)).toEqual(transactions.map(bytesToHex));
      },
    ),
    { numRuns: 40 },
  );
});

test('the base fee follows the oracle', () => {
  const common = createCustomCommon({ chainId: 74323 }, Mainnet, { hardfork: Hardfork.Osaka });
  fc.assert(
    fc.property(
      fc.bigInt({ min: 5_000n, max: 60_000_000n }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.bigInt({ min: 7n, max: 10n ** 12n }),
      (gasLimit, share, baseFeePerGas) => {
        const gasUsed = (gasLimit * BigInt(Math.floor(share * 1_000_000))) / 1_000_000n;
        const oracle = createBlock({ header: { number: 5n, gasLimit, gasUsed, baseFeePerGas } }, { common });
        expect(nextBaseFee({ gasLimit, gasUsed, baseFeePerGas })).toBe(oracle.header.calcNextBaseFee());
      },
    ),
  );
});

const log: fc.Arbitrary<Log> = fc.record({
  address,
  topics: fc.array(hash, { maxLength: 4 }),
  data: fc.uint8Array({ maxLength: 70 }),
});

test('receipts and blooms agree with the oracle', () => {
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
  fc.assert(
    fc.property(
      fc.array(log, { maxLength: 4 }),
      fc.boolean(),
      fc.bigInt({ min: 21_000n, max: 2n ** 63n }),
      fc.constantFrom<0 | 1 | 2 | 4>(0, 1, 2, 4),
      (logs, status, gas, type) => {
        const bloom = new Bloom();
        for (const entry of logs) [entry.address, ...entry.topics].forEach((part) => bloom.add(bytes(part)));
        expect(bytesToHex(Logs.of(logs).bloom())).toBe(bytesToHex(bloom.bitvector));
        const oracle = encodeOracleReceipt(
          {
            status: status ? 1 : 0,
            cumulativeBlockGasUsed: gas,
            bitvector: bloom.bitvector,
            logs: logs.map((entry) => [bytes(entry.address), entry.topics.map(bytes), entry.data]),
          },
          type,
        );
        expect(
          bytesToHex(
            encodeReceipt({ type, status, cumulativeGasUsed: gas, logs: Logs.of(logs), logsBloom: bloom.bitvector }),
          ),
        ).toBe(bytesToHex(oracle));
      },
    ),
  );
});

test('blooms agree with the oracle when an entry was seen before, and when it was forgotten', () => {
  // Two of what is kept pass by between the first and the last time that `old` is seen; `often` is seen all along.
  const topicOf = (n: number) =>
    toHash32(Uint8Array.from({ length: 32 }, (_, i) => (i < 4 ? (n >> (8 * i)) & 255 : i)));
  const emitter = toAddress(new Uint8Array(20).fill(7));
  const [old, often] = [topicOf(0), topicOf(1)];
  const check = (topics: Hash32[]) => {
    const bloom = new Bloom();
    for (const part of [emitter, ...topics]) bloom.add(Uint8Array.from(Buffer.from(part.slice(2), 'hex')));
    expect(bytesToHex(Logs.of([{ address: emitter, topics, data: new Uint8Array(0) }]).bloom())).toBe(
      bytesToHex(bloom.bitvector),
    );
  };
  check([old, often]);
  for (let n = 2; n < 2 * limits.bloomEntriesCachedMax + 4; n += 2) check([topicOf(n), often, topicOf(n + 1)]);
  check([old, often]);
});

test('ordered roots agree with the oracle', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 80 }), { maxLength: 300 }), async (values) => {
      const trie = await createMPT();
      for (const [index, value] of values.entries()) await trie.put(RLP.encode(index), value);
      expect(orderedRoot(values)).toBe(bytesToHex(trie.root()));
      expect(transactionsRoot(values)).toBe(bytesToHex(trie.root()));
    }),
    { numRuns: 25 },
  );
  expect(receiptsRoot([])).toBe(emptyRoot);
  expect(withdrawalsRoot([])).toBe(emptyRoot);
});
