// Goal: a process may end between any two writes, and a disk may refuse any of them: what is opened then is the last
// committed height and every one that is kept, it goes on from there, and nothing stays behind that nothing refers to.
// Method: random blocks on accounts and slots that lie close together, so that branches come and go while they are
// carried over two rows at a time; the store is opened anew on the tables as they were after each single write, and once
// more on those that this store leaves; a reader that lives from beginning to end looks on at each write. All of it
// against plain maps.
import { compareBytes, hexToBytes, isChainError, toHeight, type Height } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import fc from 'fast-check';
import {
  memoryKeyValue,
  PartitionReader,
  PartitionState,
  stateTables,
  type KeyValue,
  type PartitionOptions,
} from '../src/index.ts';
import { copyOf, crashingKeyValue } from './crashing-key-value.ts';
import { edit, expectState, play, type Edit } from './edits.ts';
import { changesBetween, rootOfWorld, type World } from './world.ts';

const options = (maintenanceRowsMax: number): PartitionOptions => ({
  heightsKept: 3,
  pendingHeightsMin: 2,
  pendingHeightsMax: 4,
  maintenanceRowsMax,
  accountBytesCachedMax: 9_000,
  slotBytesCachedMax: 9_000,
  branchBytesCachedMax: 10_000,
});

const plans = fc.record({
  blocks: fc.array(fc.array(edit, { minLength: 1, maxLength: 8 }), { minLength: 4, maxLength: 7 }),
  /** Steps of maintenance after each block. */
  maintenance: fc.array(fc.nat(5), { minLength: 7, maxLength: 7 }),
  rowsMax: fc.integer({ min: 1, max: 4 }),
  /** Which writes the disk refuses, over and over. */
  refusals: fc.array(fc.boolean(), { maxLength: 9 }).map((some) => [...some, false]),
  /** Of the copies, the one whose going on is broken off as well. */
  again: fc.nat(),
});

const runs = { numRuns: Number(process.env['SHEAF_PROPERTY_RUNS'] ?? 4) };

/** Every world of a plan, and what came to each; one more than it has blocks, for those who go on. */
function worldsOf(blocks: readonly Edit[][]) {
  const worlds: World[] = [];
  const changes = [...blocks, blocks[0]!, blocks[1]!].map((edits) => {
    const before = worlds.at(-1) ?? (new Map() as World);
    const { after, wiped } = play(before, edits);
    worlds.push(after);
    return changesBetween(before, after, wiped);
  });
  return { worlds, changes };
}

const sortedKeys = (world: World) =>
  [...world.keys()].map((address) => keccak256(hexToBytes(address))).sort(compareBytes);

/** The head, and every height that is kept. */
function expectHeights(reader: PartitionReader, worlds: readonly World[], head: number): void {
  reader.refresh();
  const heights = reader.heights();
  expect(heights.head).toBe(BigInt(head));
  expect(heights.oldest).toBeLessThanOrEqual(BigInt(Math.max(0, head - 3)));
  for (let height = heights.oldest; height <= heights.head; height = toHeight(height + 1n)) {
    const world = worlds[Number(height)]!;
    const state = reader.at(height);
    expect(state.stateRoot()).toBe(rootOfWorld(world));
    expectState(state, world);
    expect([...state.rows(0, new Uint8Array(0))].map(({ key }) => key)).toEqual(sortedKeys(world));
  }
}

/** Until the disk takes it. */
function insist<T>(run: () => T): T {
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!isChainError(error, 'UNAVAILABLE')) throw error;
    }
  }
}

/** Nothing but what the head needs is in the tables, once all is carried over, dropped and cleaned up. */
function expectTidy(kv: KeyValue, world: World, head: Height): void {
  const count = (table: string) => kv.range(table, new Uint8Array(0), undefined, Infinity).length;
  expect(count(stateTables.accounts)).toBe(world.size);
  expect(count(stateTables.retired)).toBe(0);
  expect(count(stateTables.slots)).toBe([...world.values()].reduce((sum, { slots }) => sum + slots.size, 0));
  const state = new PartitionReader(kv).at(head);
  // A branch that is there is one that is reached: made anew from the rows there are as many.
  const anew = new PartitionState(memoryKeyValue());
  expect(anew.stateRoot(anew.prepare(changesBetween(new Map(), world)).tops)).toBe(state.stateRoot());
  const fresh = memoryKeyValue();
  const other = new PartitionState(fresh);
  other.commit(other.prepare(changesBetween(new Map(), world)), { height: toHeight(0) });
  while (other.maintain({ idle: true }));
  expect(count(stateTables.branches)).toBe(
    fresh.range(stateTables.branches, new Uint8Array(0), undefined, Infinity).length,
  );
}

/** Opens the tables, looks at all of it, and goes on for some blocks. */
function goOn(
  kv: KeyValue,
  { worlds, changes }: ReturnType<typeof worldsOf>,
  head: number,
  rowsMax: number,
  blocks = 1,
): void {
  const state = new PartitionState(kv, options(rowsMax));
  expect(state.head()).toBe(BigInt(head));
  expect(state.stateRoot()).toBe(rootOfWorld(worlds[head]!));
  expectState(state, worlds[head]!);
  const reader = new PartitionReader(kv);
  expectHeights(reader, worlds, head);
  for (let height = head + 1; height <= Math.min(head + blocks, worlds.length - 1); height++) {
    state.commit(state.prepare(changes[height]!), { height: toHeight(height) });
    expect(state.stateRoot()).toBe(rootOfWorld(worlds[height]!));
    state.maintain();
    expectHeights(reader, worlds, height);
  }
}

test('a process that ends between any two writes', () => {
  fc.assert(
    fc.property(plans, ({ blocks, maintenance, rowsMax, refusals, again }) => {
      const history = worldsOf(blocks);
      const { worlds, changes } = history;
      let asked = 0;
      const kv = crashingKeyValue(memoryKeyValue(), () => refusals[asked++ % refusals.length]!);
      const live = new PartitionReader(kv);
      const state = insist(() => new PartitionState(kv, options(rowsMax)));
      const crashes: { kv: KeyValue; head: number }[] = [];
      for (const height of blocks.keys()) {
        kv.takeCopies();
        const prepared = insist(() => state.prepare(changes[height]!));
        insist(() => state.commit(prepared, { height: toHeight(height) }));
        expectState(state, worlds[height]!);
        const copies = kv.takeCopies();
        copies.forEach((copy, i) => crashes.push({ kv: copy, head: i < copies.length - 1 ? height - 1 : height }));
        for (let i = 0; i < maintenance[height]!; i++) {
          insist(() => state.maintain({ idle: i % 2 === 1 }));
          expectHeights(live, worlds, height);
        }
        expectState(state, worlds[height]!);
        crashes.push(...kv.takeCopies().map((copy) => ({ kv: copy, head: height })));
      }
      for (const [index, { kv: tables, head }] of crashes.entries()) {
        if (head < 0) continue;
        if (index !== again % crashes.length) {
          goOn(tables, history, head, rowsMax);
          continue;
        }
        const second = crashingKeyValue(tables);
        goOn(second, history, head, rowsMax, 2);
        for (const copy of second.takeCopies()) {
          const found = Number(new PartitionReader(copy).heights().head);
          expect([0, 1, 2]).toContain(found - head);
          goOn(copy, history, found, rowsMax);
        }
      }
      // At the end of all of them everything is in the tables.
      const last = crashes.at(-1)!;
      const tables = copyOf(last.kv);
      const finished = new PartitionState(tables, { ...options(rowsMax), heightsKept: 0 });
      while (finished.maintain({ idle: true }));
      expectTidy(tables, worlds[Number(finished.head())]!, finished.head()!);
    }),
    runs,
  );
});
