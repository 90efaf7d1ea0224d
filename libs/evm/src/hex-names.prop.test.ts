// Goal: a name is the value's own, whatever was named before, also where values take each other's places.
import { bytesToHex } from '@sheaf/primitives';
import fc from 'fast-check';
import { HexNames } from './hex-names.ts';

const value = fc
  .tuple(fc.constantFrom(0, 1, 255), fc.constantFrom(0, 16, 255), fc.uint8Array({ minLength: 18, maxLength: 18 }))
  .map(([low, next, rest]) => Uint8Array.of(low, next, ...rest));

test('names', () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), fc.nat(40), (values, before) => {
      const names = new HexNames(20);
      for (const each of [...values, ...values]) {
        const bytes = new Uint8Array(before + 25);
        bytes.set(each, before);
        expect(names.of(bytes, before)).toBe(bytesToHex(each.slice().reverse()));
      }
    }),
  );
});
