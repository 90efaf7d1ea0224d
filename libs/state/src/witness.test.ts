// Goal: bytes that are no witness are refused by the name of the part; a witness that lacks something says so when that
// is asked for, and never before.
// Method: the RLP with one thing changed at a time; a witness made for a block, with single parts taken out.
import {
  bytesToHex,
  encodeRlp,
  hexToBytes,
  limits,
  toAddress,
  toHash32,
  toHeight,
  type Hash32,
  type RlpItem,
} from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import { addressOf, changesBetween, rootOfWorld, slotOf, wordOf, type World } from '../test/world.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import { PartitionState } from './partition-state.ts';
import { PartitionReader } from './state-at.ts';
import { WitnessState } from './witness-state.ts';
import { collectWitness, decodeWitness, encodeWitness, type StateWitness } from './witness.ts';

const none = new Uint8Array(0);
const key = (n: number) => new Uint8Array(32).fill(n);
const witness: StateWitness = {
  accounts: Uint8Array.of(1, 2, 3),
  storages: [
    { account: key(1), trie: Uint8Array.of(4) },
    { account: key(2), trie: none },
  ],
  codes: [Uint8Array.of(5, 6), none],
};

test('there and back', () => {
  expect(decodeWitness(encodeWitness(witness))).toEqual(witness);
});

test.each<[string, RlpItem]>([
  ['witness', none],
  ['witness', [none, []]],
  ['witness', [none, [], [], []]],
  ['witness.accounts', [[], [], []]],
  ['witness.storages', [none, none, []]],
  ['witness.codes', [none, [], none]],
  ['witness.storages.0', [none, [none], []]],
  ['witness.storages.0', [none, [[]], []]],
  ['witness.storages.1', [none, [[key(1), none], [key(2)]], []]],
  ['witness.storages.0', [none, [[key(1).subarray(1), none]], []]],
  ['witness.storages.0', [none, [[key(1), []]], []]],
  ['witness.storages.0', [none, [[key(1), none, none]], []]],
  // Of two storages of one account, which is it?
  [
    'witness.storages.1',
    [
      none,
      [
        [key(1), none],
        [key(1), none],
      ],
      [],
    ],
  ],
  [
    'witness.storages.1',
    [
      none,
      [
        [key(2), none],
        [key(1), none],
      ],
      [],
    ],
  ],
  ['witness.codes.1', [none, [], [none, []]]],
])('%s is wrong', (field, item) => {
  expect(() => decodeWitness(encodeRlp(item))).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field }) }),
  );
});

test('too many bytes', () => {
  expect(() => decodeWitness(new Uint8Array(limits.witnessBytesMax + 1), 'block.witness')).toThrow(
    expect.objectContaining({ detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field: 'block.witness' }) }),
  );
});

/** A contract with two slots and its code, a contract without slots, and an account beside them. */
function arrange() {
  const account = { nonce: 1n, balance: 7n, code: none, slots: new Map<Hash32, bigint>() };
  const world: World = new Map([
    [addressOf(0), { ...account, code: Uint8Array.of(1, 2), slots: new Map([0, 1].map((n) => [slotOf(n), 5n])) }],
    [addressOf(1), account],
  ]);
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  state.commit(state.prepare(changesBetween(new Map(), world)), { height: toHeight(0) });
  const before = new PartitionReader(kv).at(toHeight(0));
  const list = {
    accounts: [
      { address: bytesOf(0), reads: [keyOf(0), keyOf(9)], change: undefined },
      { address: bytesOf(1), reads: [keyOf(0)], change: undefined },
      { address: bytesOf(2), reads: [keyOf(0)], change: undefined },
    ],
    codes: new Map<Hash32, Uint8Array>(),
    codeReads: [bytesToHex(keccak256(Uint8Array.of(1, 2))) as Hash32],
  };
  return { before, list, root: rootOfWorld(world) as Hash32, witness: collectWitness(before, list) };
}

const loss = expect.objectContaining({ code: 'DATA_LOSS' });
const bytesOf = (n: number) => hexToBytes(addressOf(n));
const keyOf = (n: number) => hexToBytes(slotOf(n));

test('what a block read, and nothing else', () => {
  const { witness: made, root } = arrange();
  expect(made.storages).toHaveLength(1);
  const state = new WitnessState(made, root);
  expect(state.account(bytesOf(0))).toMatchObject({ nonce: 1n, balance: 7n, hasStorage: true });
  expect(state.account(bytesOf(1))).toMatchObject({ hasStorage: false });
  expect(state.account(bytesOf(2))).toBeUndefined();
  expect(state.storage(bytesOf(0), keyOf(0))).toEqual(wordOf(5n));
  expect(state.storage(bytesOf(0), keyOf(9))).toBeUndefined();
  expect(state.storage(bytesOf(1), keyOf(0))).toBeUndefined();
  expect(state.storage(bytesOf(2), keyOf(0))).toBeUndefined();
  expect(state.code(keccak256(Uint8Array.of(1, 2)))).toEqual(Uint8Array.of(1, 2));
});

test('what it lacks', () => {
  const { witness: made, root } = arrange();
  const slot = keyOf(0);
  expect(() => new WitnessState(made, `0x${'11'.repeat(32)}` as Hash32)).toThrow(loss);
  const bare = new WitnessState({ ...made, storages: [], codes: [] }, root);
  expect(bare.account(bytesOf(0))).toMatchObject({ hasStorage: true });
  expect(() => bare.storage(bytesOf(0), slot)).toThrow(loss);
  expect(() => bare.code(keccak256(Uint8Array.of(1, 2)))).toThrow(loss);
  const account = { nonce: 1n, balance: 7n, codeHash: keccak256(Uint8Array.of(1, 2)) };
  const change = { address: bytesOf(0), account, slots: [{ slot: keyOf(0), value: wordOf(6n) }] };
  const changes = (storageWiped: boolean) => ({ accounts: [{ ...change, storageWiped }], codes: new Map() });
  expect(() => bare.rootAfter(changes(false))).toThrow(loss);
  // What is wiped needs not be known.
  expect(bare.rootAfter(changes(true))).toBe(new WitnessState(made, root).rootAfter(changes(true)));
  // Another account's storage in its place.
  const elsewhere = { ...made, storages: [{ account: made.storages[0]!.account, trie: made.accounts }] };
  const wrong = new WitnessState(elsewhere, root);
  expect(() => wrong.storage(bytesOf(0), slot)).toThrow(loss);
  expect(() => wrong.rootAfter(changes(false))).toThrow(loss);
});

test('what collapses when accounts or slots go, alone and in twos, is in the witness', () => {
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  const slots = new Map([0, 1, 2, 3, 4, 7].map((n) => [slotOf(n), 5n]));
  const before: World = new Map(
    Array.from({ length: 12 }, (_, n) => [
      addressOf(n),
      { nonce: 1n, balance: 7n, code: none, slots: n === 0 ? slots : new Map<Hash32, bigint>() },
    ]),
  );
  state.commit(state.prepare(changesBetween(new Map(), before)), { height: toHeight(0) });
  const at = new PartitionReader(kv).at(toHeight(0));
  const expectRoot = (after: World) => {
    const changes = changesBetween(before, after);
    const changed = changes.accounts.filter(
      ({ address, account, slots: some }) =>
        account === undefined || some.length > 0 || !before.has(toAddress(address)),
    );
    const list = {
      accounts: changed.map((change) => ({ address: change.address, reads: [], change })),
      codes: new Map<Hash32, Uint8Array>(),
      codeReads: [],
    };
    const made = decodeWitness(encodeWitness(collectWitness(at, list)));
    const alone = new WitnessState(made, rootOfWorld(before) as Hash32);
    // What a block changes it may have read.
    for (const { address, slots: some } of changed) {
      for (const { slot } of some) {
        const had = before.get(toAddress(address))?.slots.has(toHash32(slot)) === true;
        expect(alone.storage(address, slot)).toEqual(had ? wordOf(5n) : undefined);
      }
    }
    expect(alone.rootAfter({ accounts: changed, codes: new Map() })).toBe(rootOfWorld(after));
  };
  for (let a = 0; a < 12; a++) {
    for (let b = a; b < 12; b++) {
      const after: World = new Map(before);
      after.delete(addressOf(a));
      after.delete(addressOf(b));
      expectRoot(after);
    }
  }
  const names = [...slots.keys()];
  for (const a of names) {
    for (const b of names) {
      const left = new Map(slots);
      left.delete(a);
      left.delete(b);
      expectRoot(new Map(before).set(addressOf(0), { ...before.get(addressOf(0))!, slots: left }));
    }
  }
});

test('slots of a storage that is wiped can be read as they were', () => {
  const { before, list, root } = arrange();
  const change = {
    address: bytesOf(0),
    account: { nonce: 1n, balance: 7n, codeHash: keccak256(Uint8Array.of(1, 2)) },
    storageWiped: true,
    slots: [0, 1, 9].map((n) => ({ slot: keyOf(n), value: wordOf(8n) })),
  };
  const accounts = [{ address: bytesOf(0), reads: [], change }];
  const state = new WitnessState(collectWitness(before, { ...list, accounts }), root);
  const words = [0, 1, 9].map((n) => state.storage(bytesOf(0), keyOf(n)));
  expect(words).toEqual([wordOf(5n), wordOf(5n), undefined]);
});

test('codes come by rising hash, and one that the store lacks is an error', () => {
  const code = [Uint8Array.of(1, 2), Uint8Array.of(3)];
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  const hashes = code.map((bytes) => bytesToHex(keccak256(bytes)) as Hash32);
  const codes = new Map(hashes.map((hash, i) => [hash, code[i]!]));
  state.commit(state.prepare({ accounts: [], codes }), { height: toHeight(0) });
  const at = new PartitionReader(kv).at(toHeight(0));
  const codesFor = (codeReads: Hash32[]) => collectWitness(at, { accounts: [], codes: new Map(), codeReads }).codes;
  const sorted = [...hashes].sort().map((hash) => codes.get(hash));
  expect([codesFor(hashes), codesFor([...hashes].reverse())]).toEqual([sorted, sorted]);
  const { before, list } = arrange();
  const missing = { ...list, codeReads: [...list.codeReads, `0x${'11'.repeat(32)}` as Hash32] };
  expect(() => collectWitness(before, missing)).toThrow(loss);
});
