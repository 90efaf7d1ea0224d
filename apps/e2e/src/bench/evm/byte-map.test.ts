// Goal: a value is found under the bytes that it was set for, and under no others.
// Method: random keys of a few lengths against a Map by hex.
import fc from 'fast-check';
import { bytesToHex } from '@sheaf/primitives';
import { ByteMap } from './byte-map.ts';

test('as a Map by the bytes in hex', () => {
  const key = fc.uint8Array({ maxLength: 2 });
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat())), fc.array(key), (entries, others) => {
      const expected = new Map(entries.map(([bytes, value]) => [bytesToHex(bytes), value]));
      const map = new ByteMap<number>();
      for (const [bytes, value] of entries) map.set(bytes, value);
      for (const bytes of [...entries.map(([bytes]) => bytes), ...others])
        expect(map.get(bytes)).toBe(expected.get(bytesToHex(bytes)));
    }),
  );
});

test('a key may change after it was set', () => {
  const map = new ByteMap<string>();
  const key = Uint8Array.of(1, 2);
  map.set(key, 'here');
  key[0] = 9;
  expect([map.get(Uint8Array.of(1, 2)), map.get(key)]).toEqual(['here', undefined]);
});
