// Goal: what `PartitionState` promises beside the state itself: refusals that change nothing, bounds that hold, and
// nothing that stays behind.
// Method: small stores whose writes are recorded, refused or damaged by hand. Random blocks are ../test.
import { bytesToHex, ChainError, hexToBytes, toHeight, type Hash32 } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import { copyOf, crashingKeyValue } from '../test/crashing-key-value.ts';
import { addressOf, changesBetween, rootOfWorld, slotOf, wordOf, type World } from '../test/world.ts';
import { emptyCodeHashBytes } from './account-record.ts';
import { stateTables, type KeyValue, type Write } from './key-value.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import { PartitionState, type PartitionOptions } from './partition-state.ts';
import { PartitionReader } from './state-at.ts';

const nothing = { accounts: [], codes: new Map<Hash32, Uint8Array>() };
const conflict = expect.objectContaining({ code: 'CONFLICT' });
const loss = expect.objectContaining({ code: 'DATA_LOSS' });
const rows = (kv: KeyValue, table: string) => kv.range(table, new Uint8Array(0), undefined, Infinity);

/** Accounts with so many slots each. */
function worldOf(accounts: number, slots: number, value = 5n): World {
  return new Map(
    Array.from({ length: accounts }, (_, n) => [
      addressOf(n),
      {
        nonce: 1n,
        balance: value,
        code: new Uint8Array(0),
        slots: new Map(Array.from({ length: slots }, (_slot, slot) => [slotOf(slot), value])),
      },
    ]),
  );
}

/** A store with one world at height 0, and what it writes from then on. */
function arrange(world: World, options?: PartitionOptions) {
  const kv = memoryKeyValue();
  const writes: Write[][] = [];
  const recording: KeyValue = {
    ...kv,
    write(changes) {
      writes.push([...changes]);
      kv.write(changes);
    },
  };
  const state = new PartitionState(recording, options);
  state.commit(state.prepare(changesBetween(new Map(), world)), { height: toHeight(0) });
  writes.length = 0;
  return { kv, state, writes };
}

test('what whoever waits for a block throws when it is durable does not undo it', () => {
  const [before, after] = [worldOf(3, 2), worldOf(4, 3, 6n)];
  const { state } = arrange(before);
  const durable = () => {
    throw new Error('nobody listens');
  };
  expect(() => state.commit(state.prepare(changesBetween(before, after)), { height: toHeight(1), durable })).toThrow(
    'nobody listens',
  );
  expect([state.head(), state.stateRoot()]).toEqual([1n, rootOfWorld(after)]);
  state.commit(state.prepare(changesBetween(after, before)), { height: toHeight(2) });
  expect([state.head(), state.stateRoot()]).toEqual([2n, rootOfWorld(before)]);
});

test('changes are for the state that they were prepared on, and for the next height', () => {
  const before = worldOf(3, 2);
  const { state, writes } = arrange(before);
  const after = worldOf(4, 3, 6n);
  const other = state.prepare(changesBetween(before, worldOf(2, 1, 7n)));
  expect(state.stateRoot(other.tops)).toBe(rootOfWorld(worldOf(2, 1, 7n)));
  const prepared = state.prepare(changesBetween(before, after));
  expect(state.stateRoot()).toBe(rootOfWorld(before));
  expect(state.stateRoot(prepared.tops)).toBe(rootOfWorld(after));
  for (const height of [0, 2]) expect(() => state.commit(prepared, { height: toHeight(height) })).toThrow(conflict);
  // Only what was prepared last can be committed.
  expect(() => state.commit(other, { height: toHeight(1) })).toThrow(conflict);
  expect(writes).toEqual([]);
  state.commit(prepared, { height: toHeight(1) });
  expect(writes).toHaveLength(1);
  expect(() => state.commit(other, { height: toHeight(2) })).toThrow(conflict);
  expect(() => state.commit(prepared, { height: toHeight(2) })).toThrow(conflict);
  expect([state.head(), state.stateRoot()]).toEqual([1n, rootOfWorld(after)]);
  // What was prepared and thrown away has left nothing.
  state.commit(state.prepare(changesBetween(after, worldOf(2, 1, 7n))), { height: toHeight(2) });
  expect(state.stateRoot()).toBe(rootOfWorld(worldOf(2, 1, 7n)));
});

test('a commit that is refused leaves nothing of what was staged', () => {
  const before = worldOf(3, 2);
  const { state } = arrange(before);
  const after = worldOf(3, 2, 6n);
  const prepared = state.prepare(changesBetween(before, after));
  const balance = () => (state.account(hexToBytes(addressOf(0))) as { balance: bigint }).balance;
  const balanceBefore = balance();
  state.stage(prepared);
  expect(balance()).not.toBe(balanceBefore);
  expect(() => state.commit(prepared, { height: toHeight(2) })).toThrow(conflict);
  expect(balance()).toBe(balanceBefore);
  // It has been heard of, and what is asked then is of no block any more.
  state.stage(prepared);
  state.commit(prepared, { height: toHeight(1), durable: () => state.unstage() });
  expect([state.head(), state.stateRoot()]).toEqual([1n, rootOfWorld(after)]);
  expect(balance()).not.toBe(balanceBefore);
});

test('storages whose numbers do not rise with the keys of their accounts', () => {
  let before = worldOf(6, 0);
  const { state } = arrange(before);
  const changed = (who: number[], value: bigint): World => {
    const after = new Map(before);
    for (const n of who) {
      const slots = new Map([0, 1, 2].map((slot) => [slotOf(slot), value]));
      after.set(addressOf(n), { ...before.get(addressOf(n))!, slots });
    }
    return after;
  };
  // One a block, from the highest key to the lowest; then all of them at once.
  const byKey = [0, 1, 2, 3, 4, 5].sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
  for (const [index, who] of [...byKey.map((n) => [n]), byKey].entries()) {
    const after = changed(who, BigInt(index + 1));
    state.commit(state.prepare(changesBetween(before, after)), { height: toHeight(index + 1) });
    expect(state.stateRoot()).toBe(rootOfWorld(after));
    before = after;
  }
});

const keyOf = (n: number) => bytesToHex(keccak256(hexToBytes(addressOf(n))));

test('what a block leaves as it was is not in its journal', () => {
  const world = worldOf(3, 2);
  const { state } = arrange(world);
  state.commit(state.prepare(nothing), { height: toHeight(1) });
  const { journalBytes } = state.stats();
  const same = [...world].map(([address, { nonce, balance, slots }]) => ({
    address: hexToBytes(address),
    account: { nonce, balance, codeHash: emptyCodeHashBytes },
    storageWiped: false,
    // Set to what they are; and one to nothing that is nothing.
    slots: [...slots, [slotOf(9), 0n] as const].map(([slot, value]) => ({
      slot: hexToBytes(slot),
      value: wordOf(value),
    })),
  }));
  const gone = { address: hexToBytes(addressOf(50)), account: undefined, storageWiped: true, slots: [] };
  state.commit(state.prepare({ accounts: [...same, gone], codes: new Map() }), { height: toHeight(2) });
  expect(state.stats().journalBytes).toBe(journalBytes);
  expect(state.stateRoot()).toBe(rootOfWorld(world));
});

test('slots of several accounts in turns, before and after a commit, by an address whose bytes change', () => {
  const before = worldOf(3, 2);
  const { state } = arrange(before);
  const slot = hexToBytes(slotOf(1));
  // As Node has bytes: a slice of it is the same memory.
  const address = Buffer.alloc(20);
  const values = () =>
    [0, 0, 1, 2, 50, 1, 0].map((n) => {
      address.set(hexToBytes(addressOf(n)));
      return state.storage(address, slot);
    });
  expect(values()).toEqual([5n, 5n, 5n, 5n, 0n, 5n, 5n].map((value) => (value === 0n ? undefined : wordOf(value))));
  // The first is wiped and set anew, the second loses its slots.
  const after: World = new Map(before);
  after.set(addressOf(0), { ...before.get(addressOf(0))!, slots: new Map([[slotOf(1), 9n]]) });
  after.set(addressOf(1), { ...before.get(addressOf(1))!, slots: new Map() });
  state.commit(state.prepare(changesBetween(before, after, new Set([addressOf(0)]))), { height: toHeight(1) });
  expect(values()).toEqual([9n, 9n, 0n, 5n, 0n, 0n, 9n].map((value) => (value === 0n ? undefined : wordOf(value))));
});

test('an empty store begins at any height', () => {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  expect([state.head(), state.stateRoot(), state.stats().oldest]).toEqual([
    undefined,
    rootOfWorld(new Map()),
    undefined,
  ]);
  expect(state.maintain({ idle: true })).toBe(false);
  state.commit(state.prepare(changesBetween(new Map(), worldOf(1, 1))), { height: toHeight(77) });
  while (state.maintain({ idle: true }));
  expect(new PartitionReader(kv).heights()).toMatchObject({ head: 77n, oldest: 77n, pendingFrom: 78n });
  expect(new PartitionState(kv).head()).toBe(77n);
});

test('rows of others are there with the block, or not at all', () => {
  const kv = memoryKeyValue();
  let full = true;
  const filling: KeyValue = {
    ...kv,
    write(changes) {
      if (full && changes.some(({ table }) => table === 'mine')) {
        throw new ChainError({ code: 'UNAVAILABLE', message: 'the disk is full' });
      }
      kv.write(changes);
    },
  };
  const state = new PartitionState(filling);
  const world = worldOf(2, 2);
  const prepared = state.prepare(changesBetween(new Map(), world));
  const input = {
    height: toHeight(0),
    also: [{ table: 'mine', key: Uint8Array.of(1), value: Uint8Array.of(2) }],
    accessList: Uint8Array.of(7),
  };
  const before = copyOf(kv);
  expect(() => state.commit(prepared, input)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  for (const table of Object.values(stateTables)) expect(rows(kv, table)).toEqual(rows(before, table));
  expect([state.head(), state.stateRoot(), state.stats().pendingHeights]).toEqual([
    undefined,
    rootOfWorld(new Map()),
    0,
  ]);
  expect(state.account(hexToBytes(addressOf(0)))).toBeUndefined();
  full = false;
  state.commit(prepared, input);
  expect(kv.get('mine', Uint8Array.of(1))).toEqual(Uint8Array.of(2));
  expect([state.head(), state.stateRoot()]).toEqual([0n, rootOfWorld(world)]);
});

test('an access list stays as long as its height can be read', () => {
  const { kv, state } = arrange(worldOf(1, 1), { heightsKept: 2 });
  for (let height = 1; height <= 6; height++) {
    const accessList = height === 4 ? undefined : Uint8Array.of(height);
    state.commit(state.prepare(nothing), { height: toHeight(height), ...(accessList ? { accessList } : {}) });
    while (state.maintain({ idle: true }));
    const reader = new PartitionReader(kv);
    const oldest = Math.max(0, height - 2);
    expect(reader.heights().oldest).toBe(BigInt(oldest));
    expect(state.stats()).toMatchObject({ head: BigInt(height), oldest: BigInt(oldest), pendingHeights: 0 });
    for (let at = 0; at <= 6; at++) {
      const has = at > 0 && at !== 4 && at >= oldest && at <= height;
      expect(reader.accessList(toHeight(at))).toEqual(has ? Uint8Array.of(at) : undefined);
    }
    // A journal leads back to the height below it, so the oldest needs none.
    const heights = new Set(rows(kv, stateTables.journal).map(({ key }) => Number(key[7]!)));
    const kept = Array.from({ length: 7 }, (_, at) => at).filter((at) => at > oldest && at <= height);
    expect([...heights]).toEqual(height <= 2 ? [0, ...kept] : kept);
  }
});

test('a height whose changes are not in the tables yet is not dropped', () => {
  let before = worldOf(3, 2);
  const { kv, state } = arrange(before, { heightsKept: 1, pendingHeightsMin: 10 });
  for (let height = 1; height < 6; height++) {
    const after = worldOf(3, 2, BigInt(5 + height));
    state.commit(state.prepare(changesBetween(before, after)), { height: toHeight(height) });
    before = after;
    while (state.maintain());
    expect(new PartitionState(copyOf(kv)).stateRoot()).toBe(rootOfWorld(after));
  }
  expect(state.stats()).toMatchObject({ oldest: 0n, pendingHeights: 6 });
  expect(new PartitionReader(kv).at(toHeight(0)).stateRoot()).toBe(rootOfWorld(worldOf(3, 2)));
  while (state.maintain({ idle: true }));
  expect(state.stats()).toMatchObject({ oldest: 4n, pendingHeights: 0 });
});

test('a storage that is wiped costs its commit one row, and is cleaned up a step at a time once nobody can read it', () => {
  const rowsMax = 7;
  const before = worldOf(4, 40);
  const { kv, state, writes } = arrange(before, { heightsKept: 1, maintenanceRowsMax: rowsMax });
  while (state.maintain({ idle: true }));
  const after: World = new Map(before);
  after.delete(addressOf(0));
  after.set(addressOf(1), { ...before.get(addressOf(1))!, slots: new Map() });
  after.set(addressOf(2), { ...before.get(addressOf(2))!, slots: new Map([[slotOf(3), 9n]]) });
  writes.length = 0;
  const wiped = new Set([addressOf(0), addressOf(1), addressOf(2)]);
  state.commit(state.prepare(changesBetween(before, after, wiped)), { height: toHeight(1) });
  expect(writes[0]!.length).toBeLessThan(20);
  expect(writes[0]!.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)).toBeLessThan(3_000);
  expect(writes[0]!.filter(({ table }) => table === stateTables.retired)).toHaveLength(3);
  const word = (slot: number) => state.storage(hexToBytes(addressOf(2)), hexToBytes(slotOf(slot)));
  expect([word(3), word(4)].map((found) => (found as Uint8Array | undefined)?.at(-1))).toEqual([9, undefined]);
  while (state.maintain({ idle: true }));
  // Height 0 can be read, and has it all.
  expect(rows(kv, stateTables.slots)).toHaveLength(161);
  expect(new PartitionReader(kv).at(toHeight(0)).stateRoot()).toBe(rootOfWorld(before));
  state.commit(state.prepare(nothing), { height: toHeight(2) });
  writes.length = 0;
  while (state.maintain({ idle: true }));
  expect(rows(kv, stateTables.slots)).toHaveLength(41);
  expect(rows(kv, stateTables.retired)).toEqual([]);
  const steps = writes.filter((write) => write.some(({ table }) => table === stateTables.slots));
  expect(steps.length).toBeGreaterThanOrEqual(120 / rowsMax);
  for (const step of steps) expect(step.length).toBeLessThanOrEqual(rowsMax + 1);
  // Of the storages that are left, as many branches as a store has that came to them by itself.
  const fresh = memoryKeyValue();
  const other = new PartitionState(fresh);
  other.commit(other.prepare(changesBetween(new Map(), after)), { height: toHeight(0) });
  while (other.maintain({ idle: true }));
  expect(rows(kv, stateTables.branches)).toHaveLength(rows(fresh, stateTables.branches).length);
  expect(state.stateRoot()).toBe(rootOfWorld(after));
});

test('a step carries over so many rows, and what is done is done when it is tried again', () => {
  const rowsMax = 9;
  const world = worldOf(20, 6);
  let full = 0;
  const kv = memoryKeyValue();
  const sizes: number[] = [];
  const filling: KeyValue = {
    ...kv,
    write(changes) {
      if (full++ % 3 === 1) throw new ChainError({ code: 'UNAVAILABLE', message: 'the disk is full' });
      sizes.push(changes.length);
      kv.write(changes);
    },
  };
  const state = new PartitionState(filling, { maintenanceRowsMax: rowsMax });
  full = 0;
  state.commit(state.prepare(changesBetween(new Map(), world)), { height: toHeight(0) });
  sizes.length = 0;
  let refused = 0;
  for (let more = true; more;) {
    try {
      more = state.maintain({ idle: true });
    } catch (error) {
      expect(error).toMatchObject({ code: 'UNAVAILABLE' });
      refused += 1;
    }
    expect(state.stateRoot()).toBe(rootOfWorld(world));
  }
  expect(refused).toBeGreaterThan(5);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(rowsMax + 2);
  expect([rows(kv, stateTables.accounts), rows(kv, stateTables.slots)].map(({ length }) => length)).toEqual([20, 120]);
  expect(new PartitionReader(kv).heights()).toMatchObject({ pendingFrom: 1n, carrying: undefined });
});

test('little is carried over only when there is nothing else to do', () => {
  const { state, writes } = arrange(worldOf(2, 2), { pendingHeightsMin: 3 });
  expect(state.maintain()).toBe(false);
  state.commit(state.prepare(nothing), { height: toHeight(1) });
  expect(state.maintain()).toBe(false);
  expect(writes).toHaveLength(1);
  state.commit(state.prepare(nothing), { height: toHeight(2) });
  expect(state.maintain()).toBe(true);
  while (state.maintain());
  expect(state.stats()).toMatchObject({ pendingHeights: 0, commitsHeldUp: 0 });
  const bytes = arrange(worldOf(2, 2), { pendingBytesMin: state.stats().pendingBytes + 1 });
  expect(bytes.state.maintain()).toBe(true);
});

test.each<[string, PartitionOptions]>([
  ['heights', { pendingHeightsMin: 100, pendingHeightsMax: 3 }],
  ['bytes', { pendingHeightsMin: 100, pendingBytesMax: 80_000 }],
  ['bytes, fewer than an empty one takes', { pendingHeightsMin: 100, pendingBytesMax: 1 }],
  ['heights, none', { pendingHeightsMax: 0 }],
])('a commit waits until what is pending is within its bounds: %s', (_, options) => {
  const { state } = arrange(worldOf(20, 6), options);
  let before = worldOf(20, 6);
  for (let height = 1; height < 12; height++) {
    const after = worldOf(20, 6, BigInt(5 + height));
    state.commit(state.prepare(changesBetween(before, after)), { height: toHeight(height) });
    before = after;
    const { pendingHeights, pendingBytes } = state.stats();
    expect(pendingHeights).toBeLessThanOrEqual(Math.max(1, options.pendingHeightsMax ?? 64));
    const { pendingBytesMax = Infinity } = options;
    expect(pendingBytes).toBeLessThan(Math.max(pendingBytesMax, 25_000) + 40_000);
  }
  expect(state.stats().commitsHeldUp).toBeGreaterThan(0);
  expect(state.stateRoot()).toBe(rootOfWorld(before));
});

test('codes are of the block that brings them, and one that is missing is said', () => {
  const { kv, state } = arrange(worldOf(1, 0));
  const code = Uint8Array.of(1, 2, 3);
  const codes = new Map([[bytesToHex(keccak256(code)) as Hash32, code]]);
  expect(() => state.code(keccak256(code))).toThrow(loss);
  const prepared = state.prepare({ accounts: [], codes });
  expect(() => state.code(keccak256(code))).toThrow(loss);
  state.commit(prepared, { height: toHeight(1) });
  expect(state.code(keccak256(code))).toEqual(code);
  expect(new PartitionReader(kv).at(toHeight(0)).findCode(keccak256(code))).toEqual(code);
  expect(() => new PartitionReader(kv).at(toHeight(0)).code(new Uint8Array(32))).toThrow(loss);
});

test('a row of the branches that is missing or another is found out when the store is opened', () => {
  const { kv, state } = arrange(worldOf(12, 3));
  while (state.maintain({ idle: true }));
  const tops = rows(kv, stateTables.branches).filter(({ key }) => key.length === 8 && key[5] === 0);
  expect(tops.length).toBeGreaterThan(0);
  for (const { key, value } of tops) {
    const other = value.slice();
    other[other.length - 1]! ^= 1;
    for (const damaged of [undefined, other]) {
      const copy = copyOf(kv);
      copy.write([{ table: stateTables.branches, key, value: damaged }]);
      expect(() => new PartitionState(copy)).toThrow(loss);
    }
  }
});

test('tables that say that they are brought up to date and lack a branch that nothing tells: never opened', () => {
  const before = worldOf(12, 3);
  const kv = crashingKeyValue(memoryKeyValue());
  const state = new PartitionState(kv, { maintenanceRowsMax: 2 });
  state.commit(state.prepare(changesBetween(new Map(), before)), { height: toHeight(0) });
  while (state.maintain({ idle: true }));
  state.commit(state.prepare(changesBetween(before, worldOf(12, 3, 6n))), { height: toHeight(1) });
  state.maintain({ idle: true });
  state.maintain({ idle: true });
  expect(new PartitionReader(kv).heights().carrying).toBe(1n);
  const branches = rows(kv, stateTables.branches);
  for (const { key } of branches) {
    const copy = copyOf(kv);
    expect(new PartitionState(copy).stateRoot()).toBe(rootOfWorld(worldOf(12, 3, 6n)));
    copy.write([{ table: stateTables.branches, key, value: undefined }]);
    expect(() => new PartitionState(copy)).toThrow(loss);
  }
});

test('figures', () => {
  const { state } = arrange(worldOf(2, 1));
  const [known, unknown] = [addressOf(0), addressOf(50)].map((address) => hexToBytes(address));
  const of = () => state.stats();
  const { accountHits, accountMisses, slotHits, slotMisses } = of();
  state.account(known!);
  state.account(unknown!);
  state.account(unknown!);
  expect(of()).toMatchObject({ accountHits: accountHits + 2, accountMisses: accountMisses + 1 });
  state.storage(known!, hexToBytes(slotOf(0)));
  state.storage(known!, hexToBytes(slotOf(5)));
  state.storage(known!, hexToBytes(slotOf(5)));
  expect(of()).toMatchObject({ slotHits: slotHits + 2, slotMisses: slotMisses + 1 });
  for (const bytes of [of().accountBytesCached, of().slotBytesCached, of().branchBytesCached, of().journalBytes]) {
    expect(bytes).toBeGreaterThan(100);
  }
  expect(of()).toMatchObject({ head: 0n, oldest: 0n, pendingHeights: 1, commitsHeldUp: 0 });
  const { branchHits } = of();
  state.commit(state.prepare(changesBetween(worldOf(2, 1), worldOf(2, 1, 6n))), { height: toHeight(1) });
  expect(of().branchHits).toBeGreaterThan(branchHits);
});
