// Goal: bytes, hex and integers convert without loss, and malformed hex is refused by name.
// Method: fast-check round trips against BigInt and Buffer as oracles.
import fc from 'fast-check';
import {
  bigintToBytes,
  bigintToFixedBytes,
  bytesToBigint,
  bytesToHex,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
} from './bytes.ts';
import { toAddress, toHeight } from './brands.ts';

const bytes = fc.uint8Array({ maxLength: 80 });

test('hex round trip agrees with Buffer', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(bytesToHex(value)).toBe(`0x${Buffer.from(value).toString('hex')}`);
      expect(equalBytes(hexToBytes(bytesToHex(value)), value)).toBe(true);
    }),
  );
});

test('integers round trip, minimal and fixed', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (value) => {
      const minimal = bigintToBytes(value);
      expect(minimal[0]).not.toBe(0);
      expect(bytesToBigint(minimal)).toBe(value);
      expect(bytesToBigint(bigintToFixedBytes(value, 32))).toBe(value);
      const within = concatBytes(Uint8Array.of(7), minimal, Uint8Array.of(9));
      expect(bytesToBigint(within, 1, 1 + minimal.length)).toBe(value);
    }),
  );
  expect(() => bigintToFixedBytes(256n, 1)).toThrow('does not fit');
  expect(() => bigintToBytes(-1n)).toThrow('negative');
});

test('order and concatenation agree with Buffer', () => {
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      expect(Buffer.from(concatBytes(a, b))).toEqual(Buffer.concat([a, b]));
    }),
  );
});

test.each(['', '0', 'ff', '0xf', '0xzz', '0x 1', '0X11'])('refuses %p naming the field', (text) => {
  expect(() => hexToBytes(text, 'data')).toThrow('data must be 0x');
});

test('brands refuse what does not fit', () => {
  expect(() => toAddress('0x00', 'to')).toThrow('to must be 20 bytes, got 1');
  expect(() => toHeight(2n ** 64n)).toThrow('height must be between');
  expect(toAddress('0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B')).toBe('0xab5801a7d398351b8be11c439e05c5b3259aec9b');
});
