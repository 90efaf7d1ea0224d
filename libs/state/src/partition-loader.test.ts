// Goal: a store that is filled part by part is the state that it is filled with, wherever loading was broken off; nobody
// opens it before, and nobody loads into one that has a state.
// Method: accounts and slots of two buckets, with a loader made anew after each write of the store; a part so large that
// it takes several writes.
import { bytesToHex, compareBytes, hexToBytes, toHeight } from '@sheaf/primitives';
import { keccak256, rootOf, type TopNode } from '@sheaf/trie';
import { crashingKeyValue } from '../test/crashing-key-value.ts';
import { addressOf, changesBetween, slotOf, type World } from '../test/world.ts';
import { emptyCodeHashBytes } from './account-record.ts';
import type { KeyValue, Write } from './key-value.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import { PartitionLoader, type LoadedAccount, type LoadedSlot } from './partition-loader.ts';
import { PartitionState } from './partition-state.ts';

const slots = new Map(Array.from({ length: 5 }, (_, n) => [slotOf(n), BigInt(n + 1)]));
const world: World = new Map(
  Array.from({ length: 20 }, (_, n) => [
    addressOf(n),
    { nonce: 1n, balance: BigInt(n), code: new Uint8Array(0), slots: n === 0 || n === 7 ? slots : new Map() },
  ]),
);
const reference = new PartitionState(memoryKeyValue());
const prepared = reference.prepare(changesBetween(new Map(), world));
reference.commit(prepared, { height: toHeight(0) });

const keyOf = (text: `0x${string}`) => keccak256(hexToBytes(text));
const loadedSlots: LoadedSlot[] = [...slots]
  .map(([slot, value]) => ({ key: keyOf(slot), value: Uint8Array.of(Number(value)) }))
  .sort((a, b) => compareBytes(a.key, b.key));

const rootOfSlots = rootOf(new PartitionLoader(memoryKeyValue()).slots(1, new Uint8Array(0), loadedSlots).top, 0);

function buckets(): Map<number, LoadedAccount[]> {
  const found = new Map<number, LoadedAccount[]>();
  for (const [address, { nonce, balance, slots: own }] of world) {
    const key = keyOf(address);
    const account = { key, nonce, balance, codeHash: emptyCodeHashBytes };
    const list = found.get(key[0]!) ?? [];
    found.set(key[0]!, list);
    list.push(own.size === 0 ? account : { ...account, storageRoot: rootOfSlots });
  }
  for (const list of found.values()) list.sort((a, b) => compareBytes(a.key, b.key));
  return found;
}

/** Loads what is not there yet; `known` is what the last loader knew. */
function load(kv: KeyValue, state: { done: Set<string>; ids: Map<string, number> }, until = Infinity): boolean {
  const loader = new PartitionLoader(kv);
  for (const [bucket, accounts] of buckets()) {
    if (state.done.has(`accounts ${bucket}`)) continue;
    if (until-- <= 0) return false;
    const part = loader.accounts(Uint8Array.of(bucket >> 4, bucket & 15), accounts);
    part.store();
    for (const [key, id] of part.storageIds) state.ids.set(bytesToHex(key), id);
    state.done.add(`accounts ${bucket}`);
  }
  for (const [key, id] of state.ids) {
    if (state.done.has(key)) continue;
    if (until-- <= 0) return false;
    loader.slots(id, new Uint8Array(0), loadedSlots).store();
    state.done.add(key);
  }
  loader.finish(toHeight(4), (tops: readonly TopNode[]) => expect(tops).toEqual(reference.tops()));
  return true;
}

function expectLoaded(kv: KeyValue): void {
  const state = new PartitionState(kv);
  expect([state.head(), state.stateRoot()]).toEqual([4n, reference.stateRoot()]);
  for (const [address, account] of world) {
    expect(state.account(hexToBytes(address))).toMatchObject({ balance: account.balance });
    for (const [slot, value] of slots) {
      const word = state.storage(hexToBytes(address), hexToBytes(slot)) as Uint8Array | undefined;
      expect(word?.at(-1)).toBe(account.slots.has(slot) ? Number(value) : undefined);
    }
  }
  // No storage has the number of another.
  const fresh = new Map(world);
  fresh.set(addressOf(1), { ...world.get(addressOf(1))!, slots: new Map([[slotOf(9), 1n]]) });
  state.commit(state.prepare(changesBetween(world, fresh)), { height: toHeight(5) });
  expect(state.storage(hexToBytes(addressOf(1)), hexToBytes(slotOf(0)))).toBeUndefined();
  expect(state.storage(hexToBytes(addressOf(0)), hexToBytes(slotOf(9)))).toBeUndefined();
}

test('broken off after any part, and after any write', () => {
  for (let parts = 0; ; parts++) {
    const kv = crashingKeyValue(memoryKeyValue());
    const state = { done: new Set<string>(), ids: new Map<string, number>() };
    const done = load(kv, state, parts);
    if (!done) {
      expect(() => new PartitionState(kv)).toThrow('not loaded to its end');
      load(kv, state);
    }
    expectLoaded(kv);
    expect(() => new PartitionLoader(kv)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    if (done) break;
  }
});

test('what a loader wrote and did not finish is written again by the next', () => {
  const kv = crashingKeyValue(memoryKeyValue());
  load(kv, { done: new Set(), ids: new Map() });
  for (const copy of kv.takeCopies().slice(0, -1)) {
    expect(() => new PartitionState(copy)).toThrow('not loaded to its end');
    load(copy, { done: new Set(), ids: new Map() });
    expectLoaded(copy);
  }
});

test('a part of more rows than one write takes: in several, of which the last has what goes with it', () => {
  const writes: Write[][] = [];
  const kv: KeyValue = { ...memoryKeyValue(), write: (changes) => writes.push([...changes]) };
  const loader = new PartitionLoader(kv);
  const also = { table: 'mine', key: Uint8Array.of(9), value: Uint8Array.of(9) };
  const load = (count: number) => {
    writes.length = 0;
    const slotsOfMany = Array.from({ length: count }, (_, n): LoadedSlot => {
      const key = new Uint8Array(32);
      new DataView(key.buffer).setUint32(0, n * 4_096);
      return { key, value: Uint8Array.of(1) };
    });
    loader.slots(3, new Uint8Array(0), slotsOfMany).store([also]);
    const rows = writes.map((write) => write.filter(({ table }) => table === 'slots' || table === 'branches').length);
    expect(writes.flat().filter(({ table }) => table === 'slots')).toHaveLength(count);
    expect(new Set(writes.flat().map(({ table, key }) => `${table} ${bytesToHex(key)}`)).size).toBe(
      writes.flat().length,
    );
    expect(writes.map((write) => write.includes(also))).toEqual(rows.map((_, i) => i === rows.length - 1));
    return rows;
  };
  // So many slots have 3,127 branches; one more makes no other.
  expect(load(46_873)).toEqual([50_000]);
  expect(load(46_874)).toEqual([50_000, 1]);
});

test('storages of two parts that are prepared at once have numbers of their own, or the second is refused', () => {
  const kv = memoryKeyValue();
  const loader = new PartitionLoader(kv);
  const withStorage = [...buckets()].filter(([, list]) => list.some(({ storageRoot }) => storageRoot !== undefined));
  expect(withStorage).toHaveLength(1);
  const [bucket, list] = withStorage[0]!;
  const position = Uint8Array.of(bucket >> 4, bucket & 15);
  const [first, second] = [loader.accounts(position, list), loader.accounts(position, list)];
  first.store();
  expect(() => second.store()).toThrow('assertion failed');
  const third = loader.accounts(position, list);
  third.store();
  const ids = [...first.storageIds.values(), ...third.storageIds.values()];
  expect(new Set(ids).size).toBe(4);
});

test('a check that fails leaves a store that is not finished', () => {
  const kv = memoryKeyValue();
  const loader = new PartitionLoader(kv);
  const check = () => {
    throw new Error('another state');
  };
  expect(() => loader.finish(toHeight(1), check)).toThrow('another state');
  expect(() => new PartitionState(kv)).toThrow('not loaded to its end');
});
