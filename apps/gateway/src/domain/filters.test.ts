// Goal: a polled filter gives everything exactly once, is bounded, and expires.
// Method: an index in memory that records the ranges asked for; the clock is injected.
import type { Hash32, Height, Hex } from '@sheaf/primitives';
import type { BlockIndex, IndexedBlock } from '../ports.ts';
import { createFilters } from './filters.ts';
import type { Heads } from './heads.ts';

function setUp() {
  let head = 10n;
  let now = 0;
  let ids = 0;
  const ranges: [bigint, bigint][] = [];
  const heads = { latest: () => ({ header: { number: head } }) as unknown as IndexedBlock } as Heads;
  const index = {
    blockHashes: (from: Height, to: Height) =>
      Promise.resolve(Array.from({ length: Number(to - from) + 1 }, (_, i) => `0x${from + BigInt(i)}` as Hash32)),
    findLogs: (_criteria: unknown, from: Height, to: Height) => {
      ranges.push([from, to]);
      return Promise.resolve([]);
    },
  } as unknown as BlockIndex;
  const newId = (): Hex => `0x${++ids}`;
  const filters = createFilters({ max: 2, idleMs: 100 }, { heads, index, now: () => now, newId });
  return { filters, ranges, advance: (height: bigint) => (head = height), wait: (ms: number) => (now += ms) };
}

const anything = { criteria: { addresses: [], topics: [] }, blockHash: undefined, from: undefined, to: undefined };

test('blocks come once, in portions after a long silence', async () => {
  const { filters, advance } = setUp();
  const id = filters.addBlocks();
  expect(await filters.changes(id)).toEqual({ hashes: [] });
  advance(12n);
  expect(await filters.changes(id)).toEqual({ hashes: ['0x11', '0x12'] });
  expect(await filters.changes(id)).toEqual({ hashes: [] });
  advance(1_500n);
  const first = (await filters.changes(id)) as { hashes: Hash32[] };
  const second = (await filters.changes(id)) as { hashes: Hash32[] };
  expect([first.hashes.length, second.hashes.length]).toEqual([1_000, 488]);
  await expect(filters.logs(id)).rejects.toThrow('filter not found');
});

test('logs are asked for from where the last poll ended, up to the filters end', async () => {
  const { filters, ranges, advance } = setUp();
  const id = filters.addLogs({ ...anything, to: { height: 14n as Height } });
  advance(13n);
  await filters.changes(id);
  advance(20n);
  await filters.changes(id);
  await filters.changes(id);
  expect(ranges).toEqual([
    [11n, 13n],
    [14n, 14n],
  ]);
});

test('bounded, expiring, removable', async () => {
  const { filters, wait } = setUp();
  const kept = filters.addBlocks();
  const idle = filters.addBlocks();
  expect(() => filters.addBlocks()).toThrow('2 filters exist already');
  wait(60);
  await filters.changes(kept);
  wait(60);
  await expect(filters.changes(idle)).rejects.toThrow('filter not found');
  expect(filters.count()).toBe(1);
  expect([filters.remove(kept), filters.remove(kept)]).toEqual([true, false]);
});
