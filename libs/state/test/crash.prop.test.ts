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

/** What is small, so that everything happens. */
interface Bounds {
  heightsKept: number;
  pendingHeightsMin: number;
  maintenanceRowsMax: number;
  /** None at all: every branch is looked for where it is. */
  branchBytesCachedMax: number;
}

const options = (bounds: Bounds): PartitionOptions => ({
  ...bounds,
  pendingHeightsMax: 4,
  accountBytesCachedMax: 9_000,
  slotBytesCachedMax: 9_000,
});

const plans = fc.record({
  blocks: fc.array(fc.array(edit, { minLength: 1, maxLength: 8 }), { minLength: 4, maxLength: 7 }),
  /** Steps of maintenance after each block. */
  maintenance: fc.array(fc.nat(8), { minLength: 7, maxLength: 7 }),
  bounds: fc.record({
    heightsKept: fc.nat(3),
    pendingHeightsMin: fc.integer({ min: 2, max: 4 }),
    maintenanceRowsMax: fc.integer({ min: 1, max: 4 }),
    branchBytesCachedMax: fc.constantFrom(0, 10_000),
  }),
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
function expectHeights(reader: PartitionReader, worlds: readonly World[], head: number, { heightsKept }: Bounds): void {
  reader.refresh();
  const heights = reader.heights();
  expect(heights.head).toBe(BigInt(head));
  expect(heights.oldest).toBeLessThanOrEqual(BigInt(Math.max(0, head - heightsKept)));
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
  bounds: Bounds,
  blocks = 1,
): void {
  const state = new PartitionState(kv, options(bounds));
  expect(state.head()).toBe(BigInt(head));
  expect(state.stateRoot()).toBe(rootOfWorld(worlds[head]!));
  expectState(state, worlds[head]!);
  const reader = new PartitionReader(kv);
  expectHeights(reader, worlds, head, bounds);
  for (let height = head + 1; height <= Math.min(head + blocks, worlds.length - 1); height++) {
    state.commit(state.prepare(changes[height]!), { height: toHeight(height) });
    expect(state.stateRoot()).toBe(rootOfWorld(worlds[height]!));
    state.maintain();
    expectHeights(reader, worlds, height, bounds);
  }
}

test('a process that ends between any two writes', () => {
  fc.assert(
    fc.property(plans, ({ blocks, maintenance, bounds, refusals, again }) => {
      const history = worldsOf(blocks);
      const { worlds, changes } = history;
      let asked = 0;
      const kv = crashingKeyValue(memoryKeyValue(), () => refusals[asked++ % refusals.length]!);
      const live = new PartitionReader(kv);
      const state = insist(() => new PartitionState(kv, options(bounds)));
      const crashes: { kv: KeyValue; head: number }[] = [];
      for (const height of blocks.keys()) {
        kv.takeCopies();
        const prepared = insist(() => state.prepare(changes[height]!));
        if (height % 2 === 1) insist(() => state.stage(prepared));
        insist(() => state.commit(prepared, { height: toHeight(height) }));
        expectState(state, worlds[height]!);
        const copies = kv.takeCopies();
        copies.forEach((copy, i) => crashes.push({ kv: copy, head: i < copies.length - 1 ? height - 1 : height }));
        for (let i = 0; i < maintenance[height]!; i++) {
          insist(() => state.maintain({ idle: i % 2 === 1 }));
          expectHeights(live, worlds, height, bounds);
        }
        expectState(state, worlds[height]!);
        crashes.push(...kv.takeCopies().map((copy) => ({ kv: copy, head: height })));
      }
      for (const [index, { kv: tables, head }] of crashes.entries()) {
        if (head < 0) continue;
        if (index !== again % crashes.length) {
          goOn(tables, history, head, bounds);
          continue;
        }
        const second = crashingKeyValue(tables);
        goOn(second, history, head, bounds, 2);
        for (const copy of second.takeCopies()) {
          const found = Number(new PartitionReader(copy).heights().head);
          expect([0, 1, 2]).toContain(found - head);
          goOn(copy, history, found, bounds);
        }
      }
      // At the end of all of them everything is in the tables.
      const last = crashes.at(-1)!;
      const tables = copyOf(last.kv);
      const finished = new PartitionState(tables, { ...options(bounds), heightsKept: 0 });
      while (finished.maintain({ idle: true }));
      expectTidy(tables, worlds[Number(finished.head())]!, finished.head()!);
    }),
    runs,
  );
});

test('branches that change their shape between two heights that are carried over as one', () => {
  const all = (balance: bigint): Edit[] =>
    Array.from({ length: 12 }, (_, who) => ({ kind: 'set', who, balance, nonce: 1 }));
  const slots = (value: number): Edit[] =>
    Array.from({ length: 7 }, (_, slot) => ({ kind: 'slot', who: 0, slot, value }));
  const remove = (...whos: number[]): Edit[] => whos.map((who) => ({ kind: 'remove', who }));
  // The first is in the tables. Then references alone, branches that go, references of others, and some that come back.
  const history = worldsOf([
    [...all(1n), ...slots(1)],
    [...all(2n), ...slots(2)],
    [...remove(1, 2, 4, 7), { kind: 'slot', who: 0, slot: 1, value: 0 }, { kind: 'slot', who: 0, slot: 2, value: 0 }],
    [
      { kind: 'set', who: 0, balance: 3n, nonce: 1 },
      { kind: 'slot', who: 0, slot: 0, value: 1 },
    ],
    [
      { kind: 'set', who: 2, balance: 4n, nonce: 1 },
      { kind: 'slot', who: 0, slot: 2, value: 1 },
    ],
  ]);
  const { worlds, changes } = history;
  for (const last of [2, 4]) {
    const kv = crashingKeyValue(memoryKeyValue());
    const bounds = { heightsKept: 3, pendingHeightsMin: 10, maintenanceRowsMax: 2, branchBytesCachedMax: 0 };
    const state = new PartitionState(kv, { ...options(bounds), pendingHeightsMax: 10 });
    for (let height = 0; height <= last; height++) {
      state.commit(state.prepare(changes[height]!), { height: toHeight(height) });
      if (height === 0) while (state.maintain({ idle: true }));
    }
    const live = new PartitionReader(kv);
    kv.takeCopies();
    for (let more = true; more; expectHeights(live, worlds, last, bounds)) more = state.maintain({ idle: true });
    const copies = kv.takeCopies();
    expect(copies.length).toBeGreaterThan(10);
    for (const copy of copies) goOn(copy, history, last, bounds);
  }
});
