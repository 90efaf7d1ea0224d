// Goal: the rows below a position are those that there really are, by rising key, each once, whatever the tables lack or
// have too many.
// Method: a truth, tables that differ from it, and keys that the tables may lack (too many of them, and twice); positions
// of every length against a filter over the truth; tables of more than a page.
import { bytesToHex, compareBytes, encodeRlpBytes } from '@sheaf/primitives';
import fc from 'fast-check';
import { slotKeyOf } from './keys.ts';
import { rangeOf, rowsBelow, searchLeaf } from './leaf-search.ts';
import { memoryKeyValue } from './memory-key-value.ts';

/** Keys that share long beginnings, with both edges of what there can be. */
const key = fc
  .array(fc.constantFrom(0x00, 0x0f, 0xf0, 0xff), { minLength: 3, maxLength: 3 })
  .chain((head) => fc.constantFrom(0, 0xff).map((fill) => Uint8Array.from({ length: 32 }, (_, i) => head[i] ?? fill)));

const nibblesOf = (bytes: Uint8Array) => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);
const beginsWith = (bytes: Uint8Array, position: Uint8Array) => {
  const nibbles = nibblesOf(bytes);
  return position.every((nibble, i) => nibbles[i] === nibble);
};

/** Positions on the way to keys, and others. */
const position = fc.oneof(
  fc.tuple(key, fc.nat(64)).map(([bytes, length]) => Uint8Array.from(nibblesOf(bytes).slice(0, length))),
  fc.array(fc.constantFrom(0, 15), { maxLength: 6 }).map((nibbles) => Uint8Array.from(nibbles)),
);

const row = fc.record({
  key,
  table: fc.boolean(),
  truth: fc.boolean(),
  told: fc.nat(2),
  value: fc.integer({ min: 1, max: 127 }),
});

test.each([0, 1, 0xff, 2 ** 48 - 2])('of owner %d', (owner) => {
  const keyIn = (bytes: Uint8Array) => (owner === 0 ? bytes : slotKeyOf(owner, bytes));
  const table = owner === 0 ? 'accounts' : 'slots';
  fc.assert(
    fc.property(
      fc.uniqueArray(row, { selector: (one) => bytesToHex(one.key), maxLength: 40 }),
      position,
      (rows, at) => {
        const kv = memoryKeyValue();
        // Neighbours, whose rows are nobody's here.
        if (owner !== 0) {
          for (const other of [owner - 1, owner + 1]) {
            for (const fill of [0, 0xff]) {
              kv.write([{ table, key: slotKeyOf(other, new Uint8Array(32).fill(fill)), value: Uint8Array.of(1) }]);
            }
          }
        }
        const truth = new Map<string, Uint8Array>();
        const others: Uint8Array[] = [];
        for (const one of rows) {
          if (one.table) kv.write([{ table, key: keyIn(one.key), value: Uint8Array.of(99) }]);
          if (one.truth) truth.set(bytesToHex(one.key), Uint8Array.of(one.value));
          // What is there and not in the tables must be told; the rest may be. None that is not below the position.
          const times = one.truth && !one.table ? Math.max(1, one.told) : one.told;
          if (beginsWith(one.key, at)) for (let i = 0; i < times; i++) others.push(one.key);
        }
        others.sort(() => -1);
        const asked: string[] = [];
        const valueOf = (bytes: Uint8Array) => {
          asked.push(bytesToHex(bytes));
          return truth.get(bytesToHex(bytes));
        };
        const expected = rows
          .filter((one) => one.truth && beginsWith(one.key, at))
          .sort((a, b) => compareBytes(a.key, b.key))
          .map((one) => ({ key: one.key, value: Uint8Array.of(one.value) }));
        expect([...rowsBelow(kv, owner, at, others, valueOf)]).toEqual(expected);
        // Each key is looked at once.
        expect(new Set(asked).size).toBe(asked.length);
        if (owner === 0) return;
        const first = expected[0] && { key: expected[0].key, value: encodeRlpBytes(expected[0].value) };
        expect(searchLeaf(kv, owner, at, others, valueOf)).toEqual(first);
      },
    ),
    { numRuns: 150 },
  );
});

test('no key is empty, which LMDB does not know, and the last position has no end', () => {
  expect(rangeOf(0, new Uint8Array(0))).toEqual({ table: 'accounts', from: Uint8Array.of(0), to: undefined, skip: 0 });
  expect(rangeOf(0, Uint8Array.of(15, 15, 15)).to).toBeUndefined();
  expect(rangeOf(0, Uint8Array.of(14, 15, 15)).to).toEqual(Uint8Array.of(0xf0, 0));
});

test('more rows than a page, of which the first hundreds are gone', () => {
  const kv = memoryKeyValue();
  const keyOf = (i: number) => Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? i >> 8 : at === 31 ? i : 0));
  kv.write(Array.from({ length: 1_600 }, (_, i) => ({ table: 'accounts', key: keyOf(i), value: Uint8Array.of(0) })));
  const below = (position: number[], from: number) =>
    [
      ...rowsBelow(kv, 0, Uint8Array.from(position), [], (key) =>
        key[0]! * 256 + key[31]! >= from ? Uint8Array.of(0) : undefined,
      ),
    ].map(({ key }) => key[0]! * 256 + key[31]!);
  expect(below([], 1_100)).toEqual(Array.from({ length: 500 }, (_, i) => 1_100 + i));
  expect(below([0, 4], 1_100)).toEqual(Array.from({ length: 180 }, (_, i) => 1_100 + i));
  expect(below([], 0)).toHaveLength(1_600);
  expect(below([1], 0)).toEqual([]);
});
