// Goal: what comes from another member is refused by the name of its part unless it is what it should be, and what is
// asked for and is not here is told as such, never as damage.
// Method: the RLP of each message with one thing wrong at a time; wants for what a small state has not.
import { bigintToBytes, encodeRlp, toHash32, toHeight, type RlpItem } from '@sheaf/primitives';
import { encodeTop, keccak256 } from '@sheaf/trie';
import { addressOf, changesBetween, slotOf, type World } from '../test/world.ts';
import { hexToBytes } from '@sheaf/primitives';
import { snapshotLimits } from './limits.ts';
import { memoryKeyValue } from './memory-key-value.ts';
import { PartitionState } from './partition-state.ts';
import {
  answerSnapshot,
  decodeAnswer,
  decodeManifest,
  decodeWant,
  encodeAnswer,
  encodeManifest,
  encodeWant,
  type SnapshotAnswer,
  type SnapshotWant,
} from './snapshot.ts';
import { PartitionReader } from './state-at.ts';

const none = new Uint8Array(0);
const byte = (n: number, length = 1) => new Uint8Array(length).fill(n);
const invalid = (field: string) =>
  expect.objectContaining({ detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field }) });

/** Accounts that share a bucket, one with slots and code. */
function arrange() {
  const world: World = new Map(
    Array.from({ length: 12 }, (_, n) => [
      addressOf(n),
      { nonce: 1n, balance: BigInt(n), code: none, slots: new Map() },
    ]),
  );
  world.get(addressOf(0))!.slots = new Map(Array.from({ length: 5 }, (_, n) => [slotOf(n), 1n]));
  world.get(addressOf(0))!.code = Uint8Array.of(1, 2, 3);
  const kv = memoryKeyValue();
  const state = new PartitionState(kv);
  state.commit(state.prepare(changesBetween(new Map(), world)), { height: toHeight(3) });
  return new PartitionReader(kv).at(toHeight(3));
}

const state = arrange();
const manifest = {
  chain: toHash32(byte(9, 32)),
  height: toHeight(3),
  stateRoot: state.stateRoot(),
  buckets: { first: 2, end: 256 },
  tops: state.tops(),
};

test('a manifest', () => {
  expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  const tops: RlpItem[] = manifest.tops.map(encodeTop);
  const parts: RlpItem[] = [
    hexToBytes(manifest.chain),
    byte(3),
    hexToBytes(manifest.stateRoot),
    byte(2),
    bigintToBytes(256n),
    tops,
  ];
  expect(encodeRlp(parts)).toEqual(encodeManifest(manifest));
  const wrong: [string, number, RlpItem][] = [
    ['manifest.chain', 0, byte(9, 31)],
    ['manifest.chain', 0, []],
    ['manifest.height', 1, byte(1, 9)],
    ['manifest.height', 1, []],
    ['manifest.stateRoot', 2, byte(9, 33)],
    ['manifest.buckets.first', 3, byte(1, 3)],
    ['manifest.buckets.end', 4, []],
    ['manifest.tops', 5, none],
    ['manifest.tops', 5, tops.slice(1)],
    ['manifest.tops.7', 5, tops.map((top, i) => (i === 7 ? [] : top))],
    ['manifest.tops.7', 5, tops.map((top, i) => (i === 7 ? byte(9, 3) : top))],
    // What hangs at another bucket.
    ['manifest.tops', 5, tops.map((_, i) => tops[i === 129 ? 128 : i]!)],
    ['manifest.tops', 5, tops.map((top, i) => (i === 128 ? encodeTop({ kind: 'empty' }) : top))],
    ['manifest.tops', 2, byte(9, 32)],
  ];
  for (const [field, at, item] of wrong) {
    expect(() => decodeManifest(encodeRlp(parts.map((part, i) => (i === at ? item : part))))).toThrow(invalid(field));
  }
  expect(() => decodeManifest(encodeRlp(parts.slice(1)))).toThrow(invalid('manifest'));
  expect(() => decodeManifest(none)).toThrow(invalid('manifest'));
});

test('a want', () => {
  const wants: SnapshotWant[] = [
    { kind: 'accounts', position: Uint8Array.of(1, 15) },
    { kind: 'accounts', position: byte(15, 63) },
    { kind: 'slots', account: byte(7, 32), position: none },
    { kind: 'slots', account: byte(7, 32), position: byte(3, 63) },
    { kind: 'codes', hashes: [byte(1, 32), byte(2, 32)] },
  ];
  for (const want of wants) expect(decodeWant(encodeWant(want))).toEqual(want);
  const wrong: [string, RlpItem][] = [
    ['want', none],
    ['want', []],
    ['want', [byte(3)]],
    ['want', [byte(1, 2)]],
    ['want', [[]]],
    ['want.position', [none]],
    ['want.position', [none, byte(1)]],
    ['want.position', [none, byte(1, 64)]],
    ['want.position', [none, Uint8Array.of(1, 16)]],
    ['want.position', [none, []]],
    ['want.account', [byte(1)]],
    ['want.account', [byte(1), byte(1, 31), none]],
    ['want.position', [byte(1), byte(1, 32)]],
    ['want.position', [byte(1), byte(1, 32), byte(16)]],
    ['want.position', [byte(1), byte(1, 32), byte(1, 64)]],
    ['want.hashes', [byte(2), none]],
    ['want.hashes.1', [byte(2), [byte(1, 32), byte(1, 31)]]],
  ];
  for (const [field, item] of wrong) expect(() => decodeWant(encodeRlp(item))).toThrow(invalid(field));
  const many = Array.from({ length: snapshotLimits.codesMax + 5 }, (_, n) => byte(n, 32));
  expect(decodeWant(encodeWant({ kind: 'codes', hashes: many }))).toEqual({
    kind: 'codes',
    hashes: many.slice(0, snapshotLimits.codesMax),
  });
});

test('an answer', () => {
  const account = {
    key: byte(1, 32),
    nonce: 2n ** 64n - 1n,
    balance: 0n,
    codeHash: byte(2, 32),
    storageRoot: byte(3, 32),
  };
  const answers: SnapshotAnswer[] = [
    { kind: 'branch', record: byte(1, 551) },
    { kind: 'accounts', accounts: [account, { ...account, nonce: 0n, balance: 2n ** 256n - 1n }] },
    {
      kind: 'slots',
      slots: [
        { key: byte(1, 32), value: byte(1, 32) },
        { key: byte(2, 32), value: byte(1) },
      ],
    },
    { kind: 'codes', codes: [byte(1, 70_000), none] },
  ];
  for (const answer of answers) expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
  const fields = [byte(1, 32), none, none, byte(2, 32), byte(3, 32)];
  const withField = (at: number, item: RlpItem) => [byte(1), [fields.map((field, i) => (i === at ? item : field))]];
  const wrong: [string, RlpItem][] = [
    ['answer', none],
    ['answer', [none]],
    ['answer', [none, none, none]],
    ['answer', [byte(4), none]],
    ['answer', [[], none]],
    ['answer.record', [none, byte(1, 552)]],
    ['answer.record', [none, []]],
    ['answer.accounts', [byte(1), none]],
    ['answer.accounts.0', [byte(1), [none]]],
    ['answer.accounts.0', [byte(1), [fields.slice(1)]]],
    ['answer.accounts.1.key', [byte(1), [fields, fields.map((field, i) => (i === 0 ? byte(1, 31) : field))]]],
    ['answer.accounts.0.nonce', withField(1, byte(1, 9))],
    ['answer.accounts.0.nonce', withField(1, byte(0))],
    ['answer.accounts.0.balance', withField(2, byte(1, 33))],
    ['answer.accounts.0.balance', withField(2, byte(0, 2))],
    ['answer.accounts.0.codeHash', withField(3, none)],
    ['answer.accounts.0.storageRoot', withField(4, byte(1, 33))],
    ['answer.slots', [byte(2), none]],
    ['answer.slots.0', [byte(2), [[byte(1, 32)]]]],
    ['answer.slots.0.key', [byte(2), [[byte(1, 33), byte(1)]]]],
    ['answer.slots.0.value', [byte(2), [[byte(1, 32), none]]]],
    ['answer.slots.0.value', [byte(2), [[byte(1, 32), byte(1, 33)]]]],
    ['answer.codes', [byte(3), none]],
    ['answer.codes.1', [byte(3), [none, []]]],
  ];
  for (const [field, item] of wrong) expect(() => decodeAnswer(encodeRlp(item))).toThrow(invalid(field));
  expect(() => decodeAnswer(byte(0, snapshotLimits.answerBytesMax + 1))).toThrow(invalid('answer'));
});

test('answers have rows as long as there are few, and a branch when there are many', () => {
  const bucket = Uint8Array.of(8, 0);
  const all = answerSnapshot(state, { kind: 'accounts', position: bucket }, { rowsMax: 12 });
  expect(all).toMatchObject({ kind: 'accounts', accounts: { length: 12 } });
  expect(answerSnapshot(state, { kind: 'accounts', position: bucket }, { rowsMax: 11 })).toMatchObject({
    kind: 'branch',
  });
  const account = keccak256(hexToBytes(addressOf(0)));
  expect(answerSnapshot(state, { kind: 'slots', account, position: none })).toMatchObject({ slots: { length: 5 } });
  expect(answerSnapshot(state, { kind: 'slots', account, position: none }, { rowsMax: 4 })).toMatchObject({
    kind: 'branch',
  });
});

test('codes until they are too many bytes, the first whatever it has', () => {
  const codes = [
    byte(1, snapshotLimits.codeBytesMax + 1),
    byte(2, 10),
    byte(3, snapshotLimits.codeBytesMax - 10),
    byte(4),
  ];
  const kv = memoryKeyValue();
  const store = new PartitionState(kv);
  const map = new Map(codes.map((code) => [toHash32(keccak256(code)), code]));
  store.commit(store.prepare({ accounts: [], codes: map }), { height: toHeight(0) });
  const at = new PartitionReader(kv).at(toHeight(0));
  const lengths = (...wanted: number[]) => {
    const answer = answerSnapshot(at, { kind: 'codes', hashes: wanted.map((n) => keccak256(codes[n]!)) });
    return answer.kind === 'codes' ? answer.codes.map((code) => code[0]) : undefined;
  };
  expect(lengths(0, 1)).toEqual([1]);
  expect(lengths(1, 2)).toEqual([2, 3]);
  expect(lengths(1, 2, 3)).toEqual([2, 3]);
  expect(lengths()).toEqual([]);
});

test('what is not here: a code, an account’s storage, a place at which nothing hangs', () => {
  const missing = expect.objectContaining({ code: 'NOT_FOUND' });
  const account = (n: number) => keccak256(hexToBytes(addressOf(n)));
  for (const want of [
    { kind: 'codes', hashes: [byte(1, 32)] },
    { kind: 'slots', account: account(1), position: none },
    { kind: 'slots', account: byte(1, 32), position: none },
    // Below the bucket's branch, above the next: within an extension.
    { kind: 'accounts', position: Uint8Array.of(8, 0, 3, 15, 3, 15) },
    { kind: 'slots', account: account(0), position: Uint8Array.of(0, 1, 15) },
  ] satisfies SnapshotWant[]) {
    expect(() => answerSnapshot(state, want, { rowsMax: 1 })).not.toThrow(
      expect.objectContaining({ code: 'DATA_LOSS' }),
    );
  }
  for (const want of [
    { kind: 'codes', hashes: [byte(1, 32)] },
    { kind: 'slots', account: account(1), position: none },
    { kind: 'slots', account: byte(1, 32), position: none },
    { kind: 'slots', account: account(0), position: Uint8Array.of(0, 1) },
  ] satisfies SnapshotWant[]) {
    expect(() => answerSnapshot(state, want, { rowsMax: 1 })).toThrow(missing);
  }
});
