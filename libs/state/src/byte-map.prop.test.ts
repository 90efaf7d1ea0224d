// Goal: it is a Map over byte strings, however many there are and however alike.
// Method: random sets and gets against a Map of hex strings, with keys from a small alphabet.
import { bytesToHex } from '@sheaf/primitives';
import fc from 'fast-check';
import { ByteMap } from './byte-map.ts';

test.each([20, 32])('keys of %d bytes', (width) => {
  const key = fc.tuple(fc.nat(3), fc.nat(width - 1), fc.nat(255)).map(([fill, at, byte]) => {
    const bytes = new Uint8Array(width).fill(fill);
    bytes[at] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.nat()), { maxLength: 400 }), key, (sets, other) => {
      const map = new ByteMap<number>(width);
      const model = new Map<string, number>();
      for (const [bytes, value] of sets) {
        expect(map.get(bytes)).toBe(model.get(bytesToHex(bytes)));
        map.set(bytes, value);
        model.set(bytesToHex(bytes), value);
      }
      expect(map.get(other)).toBe(model.get(bytesToHex(other)));
      expect(map.size).toBe(model.size);
      expect(map.values().map((value, index) => [bytesToHex(map.keyAt(index)), value])).toEqual([...model]);
    }),
  );
});
