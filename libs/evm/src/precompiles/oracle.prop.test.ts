// Goal: precompiles answer what @ethereumjs/evm's answer, at the same price, on good input and on input with mistakes.
// Method: fast-check makes inputs from real points, signatures and numbers, then flips bits, cuts, lengthens, swaps in
//   field moduli and points outside the subgroup. The oracle's curves are @noble/curves: other mathematics than ours.
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, getActivePrecompiles, type EVM } from '@ethereumjs/evm';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { p256 } from '@noble/curves/nist.js';
import { privateKeyToAddress, signDigest } from '@sheaf/crypto';
import { bigintToFixedBytes, bytesToHex, concatBytes } from '@sheaf/primitives';
import fc from 'fast-check';
import type { Fork } from '../ports.ts';
import { createPrecompiles, warmPrecompiles } from './index.ts';

const plenty = 50_000_000n;
const ours = { cancun: createPrecompiles('cancun'), osaka: createPrecompiles('osaka') };
const oracles = new Map<Fork, { common: Common; evm: EVM }>();

beforeAll(async () => {
  await warmPrecompiles({ pointEvaluation: false });
  for (const [fork, hardfork] of [
    ['cancun', Hardfork.Cancun],
    ['osaka', Hardfork.Osaka],
  ] as const) {
    const common = new Common({ chain: Mainnet, hardfork });
    oracles.set(fork, { common, evm: await createEVM({ common }) });
  }
});

async function agree(
  fork: 'cancun' | 'osaka',
  address: number,
  data: Uint8Array,
  gas = plenty,
): Promise<'answered' | 'failed'> {
  const { common, evm } = oracles.get(fork)!;
  const theirs = getActivePrecompiles(common).get(address.toString(16).padStart(40, '0'))!;
  const wanted = await theirs({ data, gasLimit: gas, common, _EVM: evm });
  const given = ours[fork].run(address, data, gas);
  const failed = wanted.exceptionError !== undefined;
  expect({ data: bytesToHex(data), gasUsed: given?.gasUsed, output: given && bytesToHex(given.output) }).toEqual({
    data: bytesToHex(data),
    gasUsed: failed ? undefined : wanted.executionGasUsed,
    output: failed ? undefined : bytesToHex(wanted.returnValue),
  });
  return failed ? 'failed' : 'answered';
}

/** Every address gets good and bad input, so a property that only ever sees one kind would be no property. */
async function compare(
  address: number,
  inputs: fc.Arbitrary<Uint8Array>,
  { numRuns, fork = 'osaka', gas = plenty }: { numRuns: number; fork?: 'cancun' | 'osaka'; gas?: bigint },
): Promise<void> {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(damaged(inputs), async (input) => {
      seen.add(await agree(fork, address, input, gas));
    }),
    { numRuns },
  );
  expect(seen).toContain('answered');
}

/** Half of the time untouched. */
function damaged(inputs: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const damage = fc.oneof(
    { weight: 6, arbitrary: fc.constant((input: Uint8Array) => input) },
    {
      weight: 3,
      arbitrary: fc.tuple(fc.nat(), fc.nat(7)).map(([at, bit]) => (input: Uint8Array) => {
        const copy = input.slice();
        if (copy.length > 0) copy[at % copy.length]! ^= 1 << bit;
        return copy;
      }),
    },
    {
      weight: 2,
      arbitrary: fc.nat(40).map((n) => (input: Uint8Array) => input.slice(0, Math.max(0, input.length - n))),
    },
    { weight: 1, arbitrary: fc.nat(40).map((n) => (input: Uint8Array) => concatBytes(input, new Uint8Array(n))) },
  );
  return fc.tuple(inputs, damage).map(([input, change]) => change(input));
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const scalar = fc.oneof(
  fc.bigInt({ min: 1n, max: 1n << 250n }),
  fc.bigInt({ min: 1n, max: 20n }),
  fc.constant((1n << 256n) - 1n),
);
const word = (value: bigint) => bigintToFixedBytes(value, 32);
const element = (value: bigint) => bigintToFixedBytes(value, 64);
const list = (items: fc.Arbitrary<Uint8Array>, maxLength: number) =>
  fc.array(items, { maxLength }).map((parts) => concatBytes(...parts));

test('hashes and identity', async () => {
  const inputs = fc.uint8Array({ maxLength: 300 });
  for (const address of [2, 3, 4]) await compare(address, inputs, { numRuns: 100 });
});

test('ecrecover', async () => {
  const key = word(7n ** 40n);
  const address = privateKeyToAddress(key);
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const special = fc.constantFrom(0n, 1n, order - 1n, order, order + 1n, (1n << 256n) - 1n).map(word);
  const signed = bytes(32).map((digest) => {
    const { r, s, yParity } = signDigest(digest, key);
    return concatBytes(digest, word(27n + BigInt(yParity)), r, s);
  });
  const strange = fc
    .tuple(bytes(32), fc.constantFrom(0n, 1n, 26n, 27n, 28n, 29n, 283n), special, fc.oneof(special, bytes(32)))
    .map(([digest, v, r, s]) => concatBytes(digest, word(v), r, s));
  await compare(1, fc.oneof(signed, strange), { numRuns: 200 });
  const [first] = fc.sample(signed, 1);
  const recovered = ours.cancun.run(1, first!, plenty)!;
  expect(bytesToHex(recovered.output.subarray(12))).toBe(address);
});

test('modexp', async () => {
  const lengths = fc.oneof(fc.nat(40), fc.nat(300), fc.constantFrom(1023n, 1024n, 1025n, 1n << 64n).map(Number));
  const part = fc.uint8Array({ maxLength: 70 });
  const inputs = fc
    .tuple(fc.array(lengths, { minLength: 3, maxLength: 3 }), part, part, part, fc.boolean())
    .map(([[b, e, m], base, exponent, modulus, fitting]) =>
      fitting
        ? concatBytes(...[base, exponent, modulus].map(({ length }) => word(BigInt(length))), base, exponent, modulus)
        : concatBytes(word(BigInt(b!)), word(BigInt(e!)), word(BigInt(m!)), base, exponent, modulus),
    );
  for (const fork of ['cancun', 'osaka'] as const) await compare(5, inputs, { numRuns: 300, fork });
});

const p = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
const bnPoint = fc.oneof(
  {
    weight: 8,
    arbitrary: scalar.map((k) => {
      const { x, y } = bn254.G1.Point.BASE.multiply(bn254.fields.Fr.create(k)).toAffine();
      return concatBytes(word(x), word(y));
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom([0n, 0n], [p, 0n], [1n, 2n + p], [1n, p - 2n], [0n, 1n]).map(pair) },
);

function pair([x, y]: readonly [bigint, bigint]): Uint8Array {
  return concatBytes(word(x), word(y));
}

/** Points of the twist: multiples of the generator; the first x from `start` on that has a y, hardly ever in G2. */
const bnPoint2 = fc.oneof(
  {
    weight: 6,
    arbitrary: scalar.map((k) => bn254.G2.Point.BASE.multiply(bn254.fields.Fr.create(k)).toAffine()),
  },
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: p - 1000n }).map(onTwist) },
  { weight: 1, arbitrary: fc.constant({ x: bn254.fields.Fp2.ZERO, y: bn254.fields.Fp2.ZERO }) },
);

function onTwist(start: bigint) {
  const { Fp2 } = bn254.fields;
  const b = Fp2.div(Fp2.create({ c0: 3n, c1: 0n }), Fp2.create({ c0: 9n, c1: 1n }));
  for (let c0 = start; ; c0++) {
    const x = Fp2.create({ c0, c1: 1n });
    try {
      return { x, y: Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b)) };
    } catch {
      // Half of all x have no y.
    }
  }
}

const bnPair = fc
  .tuple(bnPoint, bnPoint2)
  .map(([g1, { x, y }]) => concatBytes(g1, word(x.c1), word(x.c0), word(y.c1), word(y.c0)));

test('bn254: sums and multiples', async () => {
  await compare(
    6,
    fc.tuple(bnPoint, bnPoint).map((points) => concatBytes(...points)),
    { numRuns: 200 },
  );
  await compare(
    6,
    bnPoint.map((point) => concatBytes(point, point)),
    { numRuns: 30 },
  );
  await compare(
    7,
    fc.tuple(bnPoint, fc.oneof(scalar.map(word), bytes(32))).map((parts) => concatBytes(...parts)),
    {
      numRuns: 200,
    },
  );
});

test('bn254: pairings', async () => {
  await compare(8, list(bnPair, 3), { numRuns: 60 });
  // e(kG, H)·e(-kG, H) = 1, wherever infinity stands between.
  const balanced = fc.tuple(fc.bigInt({ min: 1n, max: 1n << 200n }), list(bnPair, 1)).map(([k, between]) => {
    const { x, y } = bn254.G1.Point.BASE.multiply(k).toAffine();
    const g2 = bn254.G2.Point.BASE.toAffine();
    const second = [g2.x.c1, g2.x.c0, g2.y.c1, g2.y.c0].map(word);
    return concatBytes(word(x), word(y), ...second, between, word(x), word(p - y), ...second);
  });
  await compare(8, balanced, { numRuns: 30 });
});

test('bn254: more pairings than share a loop', async () => {
  const one = fc.sample(
    bnPair.filter((input) => ours.osaka.run(8, input, plenty) !== undefined),
    { numRuns: 1, seed: 3 },
  )[0]!;
  const many = concatBytes(...Array.from({ length: 70 }, () => one));
  expect(await agree('osaka', 8, many)).toBe('answered');
});

test('blake2f', async () => {
  const inputs = fc
    .tuple(fc.nat(50), bytes(208), fc.constantFrom(0, 1, 1, 2))
    .map(([rounds, body, final]) => concatBytes(bigintToFixedBytes(BigInt(rounds), 4), body, Uint8Array.of(final)));
  // Little gas, since the oracle takes seconds for what a flipped bit of the rounds can ask for.
  await compare(9, inputs, { numRuns: 200, gas: 20_000n });
});

const q = bls12_381.fields.Fp.ORDER;
const curve1 = bls12_381.G1.Point;
const curve2 = bls12_381.G2.Point;
const g1Bytes = ({ x, y }: { x: bigint; y: bigint }) => concatBytes(element(x), element(y));
const g2Bytes = ({ x, y }: ReturnType<typeof onTwist>) =>
  concatBytes(element(x.c0), element(x.c1), element(y.c0), element(y.c1));

/** As above: multiples of the generator, points of the curve outside of the subgroup, infinity, what is no element. */
const blsPoint = fc.oneof(
  { weight: 8, arbitrary: scalar.map((k) => g1Bytes(curve1.BASE.multiply(bls12_381.fields.Fr.create(k)).toAffine())) },
  {
    weight: 2,
    arbitrary: fc.bigInt({ min: 0n, max: q - 1000n }).map((start) => {
      const { Fp } = bls12_381.fields;
      for (let x = start; ; x++) {
        try {
          return g1Bytes({ x, y: Fp.sqrt(Fp.create(x * x * x + 4n)) });
        } catch {
          // Half of all x have no y.
        }
      }
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom({ x: 0n, y: 0n }, { x: q, y: 0n }, { x: 0n, y: q + 2n }).map(g1Bytes) },
);

const blsPoint2 = fc.oneof(
  { weight: 8, arbitrary: scalar.map((k) => g2Bytes(curve2.BASE.multiply(bls12_381.fields.Fr.create(k)).toAffine())) },
  {
    weight: 2,
    arbitrary: fc.bigInt({ min: 0n, max: q - 1000n }).map((start) => {
      const { Fp2 } = bls12_381.fields;
      const b = Fp2.create({ c0: 4n, c1: 4n });
      for (let c0 = start; ; c0++) {
        const x = Fp2.create({ c0, c1: 1n });
        try {
          return g2Bytes({ x, y: Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b)) });
        } catch {
          // As above.
        }
      }
    }),
  },
  { weight: 1, arbitrary: fc.constant(new Uint8Array(256)) },
);

test('BLS12-381: sums', async () => {
  await compare(
    0x0b,
    fc.tuple(blsPoint, blsPoint).map((points) => concatBytes(...points)),
    { numRuns: 100 },
  );
  await compare(
    0x0b,
    blsPoint.map((point) => concatBytes(point, point)),
    { numRuns: 20 },
  );
  await compare(
    0x0d,
    fc.tuple(blsPoint2, blsPoint2).map((points) => concatBytes(...points)),
    { numRuns: 60 },
  );
});

test('BLS12-381: multiples', async () => {
  const scalars = fc.oneof(scalar.map(word), bytes(32), fc.constant(new Uint8Array(32)));
  const terms = (points: fc.Arbitrary<Uint8Array>) => fc.tuple(points, scalars).map((parts) => concatBytes(...parts));
  await compare(0x0c, list(terms(blsPoint), 4), { numRuns: 80 });
  await compare(0x0e, list(terms(blsPoint2), 3), { numRuns: 50 });
});

test('BLS12-381: pairings', async () => {
  const pairs = fc.tuple(blsPoint, blsPoint2).map((points) => concatBytes(...points));
  await compare(0x0f, list(pairs, 2), { numRuns: 40 });
  const balanced = fc.bigInt({ min: 1n, max: 1n << 200n }).map((k) => {
    const point = curve1.BASE.multiply(k);
    const second = g2Bytes(curve2.BASE.toAffine());
    return concatBytes(g1Bytes(point.toAffine()), second, g1Bytes(point.negate().toAffine()), second);
  });
  await compare(0x0f, balanced, { numRuns: 15 });
});

test('BLS12-381: maps to the groups', async () => {
  const elements = fc
    .oneof(fc.bigInt({ min: 0n, max: q - 1n }), fc.constantFrom(0n, 1n, q - 1n, q, q + 1n))
    .map(element);
  await compare(0x10, elements, { numRuns: 60 });
  await compare(
    0x11,
    fc.tuple(elements, elements).map((parts) => concatBytes(...parts)),
    { numRuns: 40 },
  );
});

test('P-256', async () => {
  const secret = word(11n ** 40n);
  const key = p256.getPublicKey(secret, false).subarray(1);
  const order = p256.Point.Fn.ORDER;
  const signed = bytes(32).map((digest) =>
    concatBytes(digest, p256.sign(digest, secret, { prehash: false, lowS: false }), key),
  );
  const special = fc.constantFrom(0n, 1n, order - 1n, order, order + 1n, (1n << 256n) - 1n).map(word);
  const strange = fc.tuple(bytes(32), special, special).map((parts) => concatBytes(...parts, key));
  await compare(0x100, fc.oneof(signed, strange), { numRuns: 150 });
  // (r, n - s) is a signature too.
  const [good] = fc.sample(signed, 1);
  const s = BigInt(bytesToHex(good!.subarray(64, 96)));
  const mirrored = concatBytes(good!.subarray(0, 64), word(order - s), key);
  expect(ours.osaka.run(0x100, mirrored, plenty)!.output.length).toBe(32);
});
