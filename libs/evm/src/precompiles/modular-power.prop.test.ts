// Goal: base^exponent mod modulus is right whatever the lengths: each of the ways of computing it, and their borders.
// Method: fast-check draws lengths around the borders of words and methods, moduli that are odd, even, powers of two or
//   of extreme digits, exponents with zeros behind; square-and-multiply on BigInt is the reference.
import { bigintToFixedBytes, bytesToBigint } from '@sheaf/primitives';
import fc from 'fast-check';
import { power } from './modular-power.ts';

const bytes = (lengths: fc.Arbitrary<number>) =>
  fc
    .tuple(
      lengths,
      fc.infiniteStream(fc.oneof(fc.nat(255), fc.nat(255), fc.constantFrom(0, 1, 128, 255))),
      fc.constantFrom('mixed', 'ones'),
    )
    .map(([length, stream, kind]) =>
      kind === 'ones'
        ? new Uint8Array(length).fill(255)
        : Uint8Array.from({ length }, () => stream.next().value as number),
    );

const border = (n: number) => fc.integer({ min: Math.max(0, n - 2), max: n + 2 });
const modulusLengths = fc.oneof(fc.integer({ min: 0, max: 40 }), ...[4, 8, 32, 64, 128, 256].map(border));

const moduli = fc
  .tuple(bytes(modulusLengths), fc.nat(300), fc.nat(12), fc.boolean())
  .map(([modulus, evenBits, leadingZeros, odd]) => {
    let value = bytesToBigint(modulus);
    if (odd) value |= modulus.length === 0 ? 0n : 1n;
    else value = (value >> BigInt(evenBits)) << BigInt(evenBits);
    return bigintToFixedBytes(value, modulus.length + leadingZeros);
  });

function reference(base: bigint, exponent: bigint, modulus: bigint): bigint {
  if (modulus === 0n) return 0n;
  let result = 1n % modulus;
  for (const digit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (digit === '1') result = (result * base) % modulus;
  }
  return result;
}

function check(base: Uint8Array, digits: Uint8Array, zeros: number, modulus: Uint8Array): void {
  const exponent = bytesToBigint(digits) << BigInt(8 * zeros);
  const wanted = reference(bytesToBigint(base), exponent, bytesToBigint(modulus));
  const given = power({ base, digits, zeros, modulus });
  expect(given.length).toBe(modulus.length);
  expect(bytesToBigint(given)).toBe(wanted);
}

test('any operands', () => {
  const exponents = bytes(fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 30, max: 36 })));
  const bases = bytes(fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 280 })));
  fc.assert(
    fc.property(bases, exponents, fc.oneof(fc.constant(0), fc.nat(20)), moduli, (base, digits, zeros, modulus) => {
      check(base, digits, zeros, modulus);
    }),
    { numRuns: 1500 },
  );
});

test('operands at the largest length of WebAssembly and one above', () => {
  fc.assert(
    fc.property(
      bytes(border(1024)),
      bytes(fc.integer({ min: 1, max: 10 })),
      bytes(border(1024)),
      (base, digits, modulus) => {
        check(base, digits, 0, modulus);
      },
    ),
    { numRuns: 25 },
  );
});

test('exponents of several pieces', () => {
  fc.assert(
    fc.property(bytes(fc.integer({ min: 4090, max: 4110 })), fc.nat(5000), (digits, zeros) => {
      check(Uint8Array.of(3), digits, zeros, Uint8Array.of(0xff, 0xff, 0xff, 0xfb));
      check(Uint8Array.of(3), digits, zeros, Uint8Array.of(0xff, 0xff, 0xff, 0x60));
    }),
    { numRuns: 3 },
  );
});

test('the smallest moduli, completely', () => {
  for (let modulus = 0; modulus < 24; modulus++) {
    for (let base = 0; base < 26; base++) {
      for (let exponent = 0; exponent < 12; exponent++) {
        check(Uint8Array.of(base), Uint8Array.of(exponent), 0, Uint8Array.of(modulus));
      }
    }
  }
});
