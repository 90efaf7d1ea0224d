// Goal: whatever the number of partitions, their tops make the one state root, and each has its own accounts alone.
// Method: random blocks on 1, 2, 3, 4, 8, 16 and 256 partitions side by side, from no account at all to some hundreds.
import { hexToBytes, toHeight } from '@sheaf/primitives';
import { keccak256, mergeBuckets, type TopNode } from '@sheaf/trie';
import { notHere } from '@sheaf/evm';
import fc from 'fast-check';
import { memoryKeyValue, PartitionReader, PartitionState, type BlockChanges } from '../src/index.ts';
import { addressOf, changesBetween, rootOfWorld, type World } from './world.ts';

const counts = [1, 2, 3, 4, 8, 16, 256];
const accounts = 300;

const block = fc.array(fc.tuple(fc.nat(accounts - 1), fc.option(fc.bigInt({ min: 1n, max: 9n }), { nil: undefined })), {
  maxLength: 60,
});

function openPartitions(count: number): PartitionState[] {
  const bound = (index: number) => Math.floor((256 * index) / count);
  return Array.from(
    { length: count },
    (_, i) =>
      new PartitionState(memoryKeyValue(), {
        buckets: { first: bound(i), end: bound(i + 1) },
        branchBytesCachedMax: i % 2 === 0 ? 20_000 : 0,
      }),
  );
}

const bucketOf = (address: Uint8Array) => keccak256(address)[0]!;

function commit(partitions: readonly PartitionState[], changes: BlockChanges, height: number): string {
  const tops: TopNode[] = [];
  for (const partition of partitions) {
    const { first, end } = partition.buckets();
    const own = changes.accounts.filter(({ address }) => bucketOf(address) >= first && bucketOf(address) < end);
    const prepared = partition.prepare({ accounts: own, codes: changes.codes });
    tops.push(...prepared.tops.slice(first, end));
    partition.commit(prepared, { height: toHeight(height) });
  }
  return `0x${Buffer.from(mergeBuckets(tops).root).toString('hex')}`;
}

test('the same root for every number of partitions', () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 4 }), (blocks) => {
      const stores = counts.map(openPartitions);
      let world: World = new Map();
      for (const [height, edits] of blocks.entries()) {
        const after: World = new Map(world);
        for (const [who, balance] of edits) {
          if (balance === undefined) after.delete(addressOf(who));
          else after.set(addressOf(who), { nonce: 1n, balance, code: new Uint8Array(0), slots: new Map() });
        }
        const changes = changesBetween(world, after);
        const roots = stores.map((partitions) => commit(partitions, changes, height));
        expect(new Set(roots)).toEqual(new Set([rootOfWorld(after)]));
        world = after;
      }
    }),
    { numRuns: Number(process.env['SHEAF_PROPERTY_RUNS'] ?? 12) },
  );
});

test('accounts of others are not here, and cannot be changed here', () => {
  const [first, second] = openPartitions(2);
  const address = Array.from({ length: 20 }, (_, n) => addressOf(n)).find((one) => bucketOf(hexToBytes(one)) >= 128)!;
  expect(first!.account(hexToBytes(address))).toBe(notHere);
  expect(first!.storage(hexToBytes(address), new Uint8Array(32))).toBe(notHere);
  expect(second!.account(hexToBytes(address))).toBeUndefined();
  for (const buckets of [first!.buckets(), second!.buckets()]) {
    const kv = memoryKeyValue();
    const partition = new PartitionState(kv, { buckets });
    partition.commit(partition.prepare({ accounts: [], codes: new Map() }), { height: toHeight(0) });
    const at = new PartitionReader(kv, { buckets }).at(toHeight(0));
    const expected = buckets.first === 0 ? notHere : undefined;
    expect(at.account(hexToBytes(address))).toBe(expected);
    expect(at.storage(hexToBytes(address), new Uint8Array(32))).toBe(expected);
  }
  const world: World = new Map([[address, { nonce: 0n, balance: 1n, code: new Uint8Array(0), slots: new Map() }]]);
  expect(() => first!.prepare(changesBetween(new Map(), world))).toThrow(
    expect.objectContaining({
      detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field: 'changes.accounts' }),
    }),
  );
});

test('a store of other buckets, or of no range, is refused', () => {
  const kv = memoryKeyValue();
  new PartitionState(kv, { buckets: { first: 0, end: 128 } });
  expect(() => new PartitionState(kv)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
  for (const buckets of [
    { first: 3, end: 3 },
    { first: -1, end: 4 },
    { first: 0, end: 257 },
  ]) {
    expect(() => new PartitionState(memoryKeyValue(), { buckets })).toThrow('no range');
  }
});
