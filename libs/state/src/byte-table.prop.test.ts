// Goal: it is a Map over byte strings, whatever their lengths and however many, and what it handed out stays as it was.
// Method: random sets and gets against a Map of hex strings; values so large that there are many chunks; every view ever
// handed out is looked at again in the end.
import { bytesToHex } from '@sheaf/primitives';
import fc from 'fast-check';
import { ByteTable } from './byte-table.ts';
import { sortedOrder } from './sort-by-bytes.ts';

/** Keys of many lengths, alike but for one byte. */
const keys = fc
  .tuple(fc.integer({ min: 1, max: 255 }), fc.nat(2), fc.nat(254), fc.nat(255))
  .map(([length, fill, at, byte]) => {
    const key = new Uint8Array(length).fill(fill);
    key[at % length] = byte;
    return key;
  });

const values = fc.option(
  fc
    .tuple(fc.oneof(fc.nat(40), fc.constantFrom(0, 255, 256, 65_533, 65_534)), fc.nat(255))
    .map(([length, fill]) => new Uint8Array(length).fill(fill)),
);

/** Cheaper to compare than the bytes of large ones, and as telling for those above. */
const picture = (value: Uint8Array | null | undefined) => value && `${value.length} of ${value[0]} to ${value.at(-1)}`;

test('as a Map, with views that stay', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, values), { maxLength: 150 }), keys, fc.nat(40), (sets, other, from) => {
      const table = new ByteTable(1);
      const model = new Map<string, Uint8Array | null>();
      const views: [Uint8Array, string][] = [];
      let bytes = 0;
      for (const [key, value] of sets) {
        expect(picture(table.get(key))).toBe(picture(model.get(bytesToHex(key))));
        table.set(key, value);
        const view = table.get(key);
        expect(picture(view)).toBe(picture(value));
        if (view) views.push([view, picture(view)!]);
        model.set(bytesToHex(key), value);
        bytes += 3 + key.length + (value?.length ?? 0);
      }
      expect(picture(table.get(other))).toBe(picture(model.get(bytesToHex(other))));
      expect(table.size).toBe(model.size);
      expect(table.bytes).toBeGreaterThanOrEqual(bytes + 16 * model.size);
      for (const [view, was] of views) expect(picture(view)).toBe(was);
      const entries = [...table.entries(from)].map(({ key, value }) => [bytesToHex(key), picture(value)] as const);
      expect(new Map(entries)).toEqual(new Map([...model].map(([key, value]) => [key, picture(value)])));
      expect(entries).toHaveLength(model.size);
    }),
    { numRuns: 60 },
  );
});

test('a key is so much of what is given as is said', () => {
  const table = new ByteTable();
  const buffer = Uint8Array.of(1, 2, 3, 4, 5, 6);
  table.set(buffer, Uint8Array.of(9), 5);
  expect(table.get(Uint8Array.of(1, 2, 3, 4, 5))).toEqual(Uint8Array.of(9));
  expect(table.get(buffer)).toBeUndefined();
  expect(table.get(Uint8Array.of(1, 2, 3, 4, 5, 7), 5)).toEqual(Uint8Array.of(9));
  expect([...table.entries()].map(({ key }) => [...key])).toEqual([[1, 2, 3, 4, 5]]);
});

test('thousands of entries over many chunks, in the order of six bytes', () => {
  const table = new ByteTable();
  const count = 6_000;
  // Every third is set twice, with another size.
  for (const round of [0, 1]) {
    for (let i = 0; i < count; i += round === 0 ? 1 : 3) table.set(keyOf(i), new Uint8Array(600 + round).fill(i));
  }
  expect(table.size).toBe(count);
  for (let i = 0; i < count; i++) expect(table.get(keyOf(i))).toHaveLength(i % 3 === 0 ? 601 : 600);
  expect(table.get(keyOf(count))).toBeUndefined();
  const order = [...table.entries(2)].map(({ key }) => bytesToHex(key.subarray(2, 6)));
  expect(order).toEqual([...order].sort());
  expect(new Set(order).size).toBe(count);
});

test.each([65_531, 65_532, 65_533])('an entry at the very end of a chunk: of %d bytes', (last) => {
  // Sixteen values of 65,532 bytes, each with its key and three bytes more, are a chunk.
  const table = new ByteTable();
  for (let i = 0; i < 18; i++) table.set(Uint8Array.of(i), new Uint8Array(i === 15 ? last : 65_532).fill(i + 1));
  for (let i = 0; i < 18; i++) {
    const value = table.get(Uint8Array.of(i));
    expect([value?.length, value?.[0], value?.at(-1)]).toEqual([i === 15 ? last : 65_532, i + 1, i + 1]);
  }
});

/** Two bytes that are the same in all, four that are spread, and more. */
function keyOf(i: number): Uint8Array {
  const key = new Uint8Array(12).fill(7);
  new DataView(key.buffer).setUint32(2, Math.imul(i + 1, 0x9e3779b1));
  return key;
}

test('the order of numbers, up to where number and place are more than 53 bits', () => {
  const number = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.constant(2 ** 48 - 1));
  fc.assert(
    fc.property(fc.array(number, { maxLength: 300 }), (numbers) => {
      const order = [...sortedOrder(Float64Array.from(numbers))];
      expect([...order].sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i));
      const scale = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(2, numbers.length))) - 5);
      const rough = order.map((index) => Math.floor(numbers[index]! / scale));
      expect(rough).toEqual([...rough].sort((a, b) => a - b));
    }),
  );
});
