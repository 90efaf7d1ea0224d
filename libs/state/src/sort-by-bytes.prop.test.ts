// Goal: keys come in the order of their bytes, however alike they begin.
// Method: random keys, of which many share their first bytes, against a plain sort; few and many.
import { compareBytes } from '@sheaf/primitives';
import fc from 'fast-check';
import { sortByBytes } from './sort-by-bytes.ts';

const tail = fc.uint8Array({ minLength: 4, maxLength: 4 });
const head = fc.constantFrom(
  [0, 0, 0, 0],
  [0, 0, 0, 1],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
);
const alike = fc.tuple(head, tail).map(([a, b]) => Uint8Array.of(...a, ...b));
const any = fc.uint8Array({ minLength: 8, maxLength: 8 });

test('random keys, few and many', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(alike, any), { maxLength: 200, size: 'max' }), (keys) => {
      const items = keys.map((key) => ({ key }));
      const before = [...items];
      expect(sortByBytes(items, ({ key }) => key).map(({ key }) => key)).toEqual([...keys].sort(compareBytes));
      expect(items).toEqual(before);
    }),
  );
});

test('many that all begin alike, and many that do not', () => {
  const key = (n: number, at: number) => {
    const bytes = new Uint8Array(32);
    new DataView(bytes.buffer).setUint32(at, n);
    return bytes;
  };
  for (const at of [0, 28]) {
    const numbers = Array.from({ length: 20_000 }, (_, n) => (n * 7_919) % 20_000);
    const sorted = sortByBytes(numbers, (n) => key(n, at));
    expect(sorted).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
  }
});
