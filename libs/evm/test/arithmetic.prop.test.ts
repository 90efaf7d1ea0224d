// Goal: every arithmetic operation of the machine gives what the EVM defines, for every operand, and touches no other word.
// Method: properties against BigInt. The operands are weighted to where carries, borrows, normalisation and quotient
// estimates go wrong, and to divisors that come again, because the machine remembers divisors.
import fc from 'fast-check';
import { openStackMachine } from './support/stack-machine.ts';

const machine = openStackMachine();

const wordBits = 256;
const unsigned = (value: bigint): bigint => BigInt.asUintN(wordBits, value);
const signed = (value: bigint): bigint => BigInt.asIntN(wordBits, value);

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left !== 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = unsigned(result * square);
    square = unsigned(square * square);
  }
  return result;
}

type Model = (...operands: bigint[]) => bigint;

const two = (model: (a: bigint, b: bigint) => bigint): { inputs: number; model: Model } => ({
  inputs: 2,
  model: (a = 0n, b = 0n) => unsigned(model(a, b)),
});
const three = (model: (a: bigint, b: bigint, c: bigint) => bigint): { inputs: number; model: Model } => ({
  inputs: 3,
  model: (a = 0n, b = 0n, c = 0n) => unsigned(model(a, b, c)),
});

/** What each operation is, of its operands from the top of the stack. */
const operations: Record<string, { inputs: number; model: Model }> = {
  mul: two((a, b) => a * b),
  div: two((a, b) => (b === 0n ? 0n : a / b)),
  mod: two((a, b) => (b === 0n ? 0n : a % b)),
  sdiv: two((a, b) => (b === 0n ? 0n : signed(a) / signed(b))),
  smod: two((a, b) => (b === 0n ? 0n : signed(a) % signed(b))),
  addmod: three((a, b, n) => (n === 0n ? 0n : (a + b) % n)),
  mulmod: three((a, b, n) => (n === 0n ? 0n : (a * b) % n)),
  exp: two(power),
  signextend: two((index, value) => (index > 30n ? value : BigInt.asIntN(8 * Number(index) + 8, value))),
  byte: two((index, value) => (index > 31n ? 0n : (value >> (8n * (31n - index))) & 0xffn)),
  shl: two((shift, value) => (shift > 255n ? 0n : value << shift)),
  shr: two((shift, value) => (shift > 255n ? 0n : value >> shift)),
  sar: two((shift, value) => signed(value) >> (shift > 255n ? 255n : shift)),
  clz: { inputs: 1, model: (value = 0n) => BigInt(wordBits - (value === 0n ? 0 : value.toString(2).length)) },
};

const limbBits = 64n;
const limb = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** limbBits - 1n }),
);
const ofLimbs = (limbs: readonly bigint[]): bigint => limbs.reduceRight((word, next) => (word << limbBits) | next, 0n);

/** Moduli and divisors that contracts use, and the neighbours of limits. */
const famous = [
  10n ** 18n,
  2n ** 96n,
  2n ** 128n - 1n,
  0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n,
  0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2fn,
  0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
  2n ** 256n - 2n ** 64n,
  2n ** 256n - 2n ** 64n + 1n,
  2n ** 255n + 1n,
  2n ** 192n + 1n,
];

const word: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 260n }) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: wordBits }), fc.integer({ min: -1, max: 1 }))
      .map(([bit, change]) => unsigned((1n << BigInt(bit)) + BigInt(change))),
  },
  { weight: 1, arbitrary: fc.bigInt({ min: 1n, max: 3n }).map((low) => unsigned(-low)) },
  { weight: 4, arbitrary: fc.array(limb, { minLength: 1, maxLength: 4 }).map(ofLimbs) },
  { weight: 2, arbitrary: limb.map((equal) => ofLimbs([equal, equal, equal, equal])) },
  { weight: 2, arbitrary: fc.tuple(limb, fc.integer({ min: 0, max: 3 })).map(([one, at]) => one << BigInt(64 * at)) },
  { weight: 2, arbitrary: fc.constantFrom(...famous) },
  { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 2n ** 255n, max: 2n ** 256n - 1n }) },
);

/** Operands of which later ones are sometimes an earlier one, a little more or less of it, or a multiple. */
const related = (inputs: number): fc.Arbitrary<bigint[]> =>
  fc
    .tuple(
      fc.array(word, { minLength: inputs, maxLength: inputs }),
      fc.array(fc.integer({ min: 0, max: 11 }), { minLength: inputs, maxLength: inputs }),
    )
    .map(([words, choices]) =>
      words.map((own, i) => {
        const other = words[(i + 1) % inputs] ?? 0n;
        const choice = choices[i];
        if (choice === 0) return other;
        if (choice === 1) return unsigned(other + 1n);
        if (choice === 2) return unsigned(other - 1n);
        if (choice === 3) return unsigned(-other);
        if (choice === 4) return unsigned(other * (own & 0xffffn));
        return own;
      }),
    );

describe.each(Object.entries(operations))('%s', (name, { inputs, model }) => {
  it('is what BigInt says', () => {
    fc.assert(
      fc.property(related(inputs), (operands) => {
        expect(machine.run(name, operands)).toBe(model(...operands));
      }),
      { numRuns: name === 'exp' ? 300 : 1200 },
    );
  });
});

describe('a divisor that comes again', () => {
  it.each(['div', 'mod', 'sdiv', 'smod'])('gives the same by its record: %s', (name) => {
    const model = operations[name]?.model;
    if (model === undefined) throw new Error(`no model of ${name}`);
    fc.assert(
      fc.property(word, fc.array(word, { minLength: 3, maxLength: 6 }), (divisor, dividends) => {
        for (const dividend of dividends) expect(machine.run(name, [dividend, divisor])).toBe(model(dividend, divisor));
      }),
      { numRuns: 200 },
    );
  });

  // From the second use on a modulus of four limbs has its reciprocal, and another way is taken.
  it('gives the same at its second and third use: mulmod', () => {
    const factors = fc.array(fc.tuple(word, word), { minLength: 4, maxLength: 8 });
    const modulus = fc.oneof(word, fc.bigInt({ min: 2n ** 192n, max: 2n ** 256n - 1n }), fc.constantFrom(...famous));
    fc.assert(
      fc.property(modulus, factors, (n, pairs) => {
        for (const [a, b] of pairs) {
          const [x, y] = n === 0n ? [a, b] : [a % n, n - 1n - (b % n)];
          expect(machine.run('mulmod', [a, b, n])).toBe(n === 0n ? 0n : (a * b) % n);
          expect(machine.run('mulmod', [x, y, n])).toBe(n === 0n ? 0n : (x * y) % n);
          expect(machine.run('mulmod', [a, y, n])).toBe(n === 0n ? 0n : (a * y) % n);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('corners', () => {
  const lowest = 1n << 255n;
  const minusOne = 2n ** 256n - 1n;

  it.each([
    ['sdiv', [lowest, minusOne], lowest],
    ['smod', [lowest, minusOne], 0n],
    ['smod', [unsigned(-8n), 3n], unsigned(-2n)],
    ['smod', [8n, unsigned(-3n)], 2n],
    ['addmod', [minusOne, minusOne, minusOne], 0n],
    ['addmod', [minusOne, minusOne, 2n], 0n],
    ['mulmod', [minusOne, minusOne, minusOne - 1n], 1n],
    ['mulmod', [minusOne, minusOne, 0n], 0n],
    ['exp', [0n, 0n], 1n],
    ['exp', [0n, 256n], 0n],
    ['exp', [2n, 255n], lowest],
    ['exp', [2n, 256n], 0n],
    ['exp', [minusOne, minusOne], minusOne],
    ['exp', [3n, lowest], 1n],
    ['shl', [1n << 64n, 1n], 0n],
    ['sar', [1n << 64n, lowest], minusOne],
    ['byte', [1n << 64n, minusOne], 0n],
    ['signextend', [(1n << 64n) | 1n, 0xffffn], 0xffffn],
    ['clz', [0n], 256n],
  ] as const)('%s %j is %s', (name, operands, result) => {
    expect(machine.run(name, operands)).toBe(result);
  });

  it('expGas is 50 for each significant byte of the exponent', () => {
    fc.assert(
      fc.property(word, word, (base, exponent) => {
        const bytes = exponent === 0n ? 0 : Math.ceil(exponent.toString(16).length / 2);
        expect(machine.expGas(base, exponent)).toBe(50 * bytes);
      }),
    );
  });
});
