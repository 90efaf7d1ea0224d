import fc from 'fast-check';
import { contracts, coinbase, delegators, nobody, precompiles, sender, someone } from './addresses.ts';
import type { Expression } from './ast.ts';
import { binary, environment, ternary } from './operations.ts';
import { length, offset, range, readOffset, slot, word } from './words.ts';

/** How deep expressions are nested below the one that is asked for. */
export type Depth = 0 | 1 | 2 | 3;

export function constant(value: bigint, width = 0): Expression {
  return { kind: 'constant', value, width };
}

export function operation(name: string, ...operands: Expression[]): Expression {
  return { kind: 'operation', name, operands };
}

const constants = (values: fc.Arbitrary<bigint>): fc.Arbitrary<Expression> => values.map((value) => constant(value));

const anyConstant = fc
  .tuple(word, fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat(32)))
  .map(([value, width]) => constant(value, width));

const self = operation('ADDRESS');

export const address: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 8, arbitrary: constants(fc.constantFrom(...contracts.map(BigInt))) },
  { weight: 2, arbitrary: constants(fc.constantFrom(...delegators.map(BigInt))) },
  { weight: 2, arbitrary: constants(fc.constantFrom(...[someone, nobody, sender, coinbase].map(BigInt))) },
  { weight: 1, arbitrary: constants(fc.constantFrom(...precompiles.map(BigInt))) },
  { weight: 1, arbitrary: fc.constantFrom(self, operation('CALLER')) },
  { weight: 2, arbitrary: fc.constant<Expression>({ kind: 'bound' }) },
  // Bits above an address are ignored.
  { weight: 1, arbitrary: constants(fc.constantFrom(...contracts).map((known) => BigInt(known) + 2n ** 255n)) },
);

/** A word of any value. */
export function expression(depth: Depth): fc.Arbitrary<Expression> {
  return byDepth[depth];
}

function build(inner: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> {
  const unaries = fc.tuple(fc.constantFrom('ISZERO', 'NOT'), inner).map(([name, a]) => operation(name, a));
  // Not in every fork: seldom, or it would end most programs before they have begun.
  const clz = inner.map((a) => operation('CLZ', a));
  const binaries = fc.tuple(fc.constantFrom(...binary), inner, inner).map(([name, a, b]) => operation(name, a, b));
  const ternaries = fc
    .tuple(fc.constantFrom(...ternary), inner, inner, inner)
    .map(([name, a, b, c]) => operation(name, a, b, c));
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 20, arbitrary: anyConstant },
    { weight: 20, arbitrary: fc.nat(15).map((index): Expression => ({ kind: 'peek', index })) },
    { weight: 10, arbitrary: fc.constantFrom(...environment).map((name) => operation(name)) },
    { weight: 10, arbitrary: unaries },
    { weight: 1, arbitrary: clz },
    { weight: 30, arbitrary: binaries },
    { weight: 10, arbitrary: ternaries },
    { weight: 15, arbitrary: reads(inner) },
  );
}

/** What reads memory, data or state. */
function reads(inner: fc.Arbitrary<Expression>): fc.Arbitrary<Expression> {
  const ofAddress = fc
    .tuple(fc.constantFrom('BALANCE', 'EXTCODESIZE', 'EXTCODEHASH'), address)
    .map(([name, of]) => operation(name, of));
  const ofSlot = fc
    .tuple(fc.constantFrom('SLOAD', 'TLOAD'), constants(slot))
    .map(([name, key]) => operation(name, key));
  return fc.oneof(
    constants(offset).map((at) => operation('MLOAD', at)),
    constants(readOffset).map((at) => operation('CALLDATALOAD', at)),
    ofSlot,
    ofAddress,
    range.map(([at, size]) => operation('KECCAK256', constant(at), constant(size))),
    fc.nat(3).map((index) => operation('BLOBHASH', constant(BigInt(index)))),
    fc.nat(300).map((back) => operation('BLOCKHASH', operation('SUB', operation('NUMBER'), constant(BigInt(back))))),
    // Any word as an offset, kept small.
    inner.map((at) => operation('MLOAD', operation('AND', constant(0x3ffn), at))),
    inner.map((key) => operation('SLOAD', operation('AND', constant(3n), key))),
  );
}

const leaf = fc.oneof(
  { weight: 2, arbitrary: anyConstant },
  { weight: 2, arbitrary: fc.nat(15).map((index): Expression => ({ kind: 'peek', index })) },
  { weight: 1, arbitrary: fc.constantFrom(...environment).map((name) => operation(name)) },
);
const one = build(leaf);
const two = build(one);
const three = build(two);
const byDepth: Record<Depth, fc.Arbitrary<Expression>> = [leaf, one, two, three];

/** Mostly small; sometimes any word, masked. */
export const memoryOffset: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 6, arbitrary: constants(offset) },
  { weight: 1, arbitrary: leaf.map((at) => operation('AND', constant(0xfffn), at)) },
  { weight: 1, arbitrary: fc.constant(operation('MSIZE')) },
);

export const memoryLength: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 6, arbitrary: constants(length) },
  { weight: 1, arbitrary: leaf.map((size) => operation('AND', constant(0x7fn), size)) },
);

const gasGiven: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(operation('GAS')) },
  { weight: 2, arbitrary: fc.constant(constant(2n ** 256n - 1n)) },
  { weight: 8, arbitrary: constants(fc.bigInt({ min: 0n, max: 60_000n })) },
  {
    weight: 1,
    arbitrary: constants(fc.constantFrom(0n, 2_299n, 2_300n, 2_301n, 2n ** 63n - 1n, 2n ** 64n - 1n, 2n ** 64n)),
  },
  { weight: 4, arbitrary: fc.constant(operation('DIV', operation('GAS'), constant(2n))) },
);

const valueGiven: fc.Arbitrary<Expression> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(constant(0n)) },
  { weight: 4, arbitrary: constants(fc.bigInt({ min: 1n, max: 20n })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(operation('SELFBALANCE'), operation('CALLVALUE'), constant(2n ** 256n - 1n)),
  },
);

const regions = fc.tuple(range, range).map((both) => both.flat().map((value) => constant(value)));

/** A call of any kind; what it leaves is 1 or 0. */
export const call: fc.Arbitrary<Expression> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom('CALL', 'CALL', 'CALLCODE'), gasGiven, address, valueGiven, regions)
      .map(([name, gas, to, value, data]) => operation(name, gas, to, value, ...data)),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('STATICCALL', 'DELEGATECALL'), gasGiven, address, regions)
      .map(([name, gas, to, data]) => operation(name, gas, to, ...data)),
  },
);

export { valueGiven };
