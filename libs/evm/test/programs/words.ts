import fc from 'fast-check';

const modulus = 2n ** 256n;

/** Words at which arithmetic turns over: limbs, signs, shifts, the ends. */
const edges: bigint[] = [
  0n, 1n, 2n, 3n, 7n, 8n, 31n, 32n, 33n, 63n, 64n, 127n, 128n, 255n, 256n, 257n, 1023n, 1024n,
  ...[8n, 16n, 31n, 32n, 63n, 64n, 65n, 127n, 128n, 129n, 160n, 191n, 192n, 193n, 254n, 255n].flatMap((bits) => [
    2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n,
  ]),
  ...[1n, 2n, 3n, 8n, 64n].map((n) => modulus - n),
  2n ** 255n + 2n ** 128n, (modulus - 1n) / 3n, 0x0123456789abcdeffedcba98765432100123456789abcdeffedcba9876543210n,
]; // prettier-ignore

/** Any 256-bit value, weighted to edges; shrinks to zero. */
export const word: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: 300n }) },
  { weight: 4, arbitrary: fc.constantFrom(...edges) },
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: modulus - 1n }) },
  // As many significant bits as any.
  {
    weight: 1,
    arbitrary: fc.tuple(fc.bigInt({ min: 0n, max: modulus - 1n }), fc.nat(255)).map(([n, bits]) => n >> BigInt(bits)),
  },
);

/** Few slots, so that writes meet each other. */
export const slot: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 12, arbitrary: fc.bigInt({ min: 0n, max: 3n }) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 64n, 2n ** 255n, modulus - 1n) },
);

/** Values of slots: the refund rules know zero, what it was, and anything else. */
export const slotValue: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: 0n, max: 2n }) },
  { weight: 1, arbitrary: word },
);

const boundaries = [31n, 32n, 33n, 63n, 64n, 95n, 127n, 255n, 256n, 1_023n, 1_024n, 4_064n, 4_095n, 4_096n, 8_191n];
const far = [65_504n, 65_535n, 65_536n, 262_143n, 1_000_000n];
const absurd = [
  2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 33n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 32n,
  2n ** 64n - 1n, 2n ** 64n, 2n ** 128n, modulus - 32n, modulus - 1n,
]; // prettier-ignore

/** Offsets in memory, call data, code and return data. Absurd ones are rare: they end the frame. */
export const offset: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 240, arbitrary: fc.bigInt({ min: 0n, max: 200n }) },
  { weight: 80, arbitrary: fc.constantFrom(...boundaries) },
  { weight: 3, arbitrary: fc.constantFrom(...far) },
  { weight: 1, arbitrary: fc.constantFrom(...absurd) },
);

/** Offsets in what is read as if zeros followed it: absurd ones are harmless there. */
export const readOffset: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 4, arbitrary: fc.bigInt({ min: 0n, max: 200n }) },
  { weight: 1, arbitrary: fc.constantFrom(...boundaries, ...far, ...absurd) },
);

export const length: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 60, arbitrary: fc.bigInt({ min: 0n, max: 100n }) },
  { weight: 20, arbitrary: fc.constantFrom(...boundaries) },
  { weight: 20, arbitrary: fc.constant(0n) },
  { weight: 1, arbitrary: fc.constantFrom(...far) },
);

/** An offset and a length of memory; an empty range may be anywhere. */
export const range: fc.Arbitrary<[bigint, bigint]> = fc.oneof(
  { weight: 150, arbitrary: fc.tuple(offset, length) },
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...absurd), fc.constant(0n)) },
  { weight: 1, arbitrary: fc.tuple(offset, fc.constantFrom(...absurd)) },
);

export const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ maxLength }),
    fc
      .array(fc.constantFrom(0x5b, 0x60, 0x7f, 0x00, 0x56, 0x57, 0xef, 0xff), { maxLength })
      .map((n) => Uint8Array.from(n)),
  );

/** Mostly `undefined`: the value in one of `outOf` draws. */
export const seldom = <Value>(value: fc.Arbitrary<Value>, outOf: number): fc.Arbitrary<Value | undefined> =>
  fc.oneof({ weight: outOf - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
