import fc from 'fast-check';
import type { BadJump, Creation, Deployment, Expression, Program, Statement } from './ast.ts';
import {
  address,
  call,
  constant,
  expression,
  memoryLength,
  memoryOffset,
  operation,
  valueGiven,
} from './expressions.ts';
import { effects } from './operations.ts';
import { bytes, length, offset, range, readOffset, seldom, slot, slotValue, word } from './words.ts';

const effect = (name: string, ...operands: Expression[]): Statement => ({ kind: 'effect', name, operands });
const toConstant = (value: bigint): Expression => constant(value);

const memory: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(memoryOffset, expression(2)).map(([at, value]) => effect('MSTORE', at, value)) },
  { weight: 5, arbitrary: fc.tuple(memoryOffset, expression(1)).map(([at, value]) => effect('MSTORE8', at, value)) },
  {
    weight: 15,
    arbitrary: fc.tuple(memoryOffset, memoryOffset, memoryLength).map((operands) => effect('MCOPY', ...operands)),
  },
  {
    weight: 10,
    arbitrary: fc
      .tuple(fc.constantFrom('CALLDATACOPY', 'CODECOPY'), offset, readOffset, length)
      .map(([name, ...operands]) => effect(name, ...operands.map(toConstant))),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(address, offset, readOffset, length)
      .map(([of, ...operands]) => effect('EXTCODECOPY', of, ...operands.map(toConstant))),
  },
  // All of the return data, or (seldom) a range that may be beyond it, which ends the frame.
  {
    weight: 10,
    arbitrary: memoryOffset.map((at) => effect('RETURNDATACOPY', at, constant(0n), operation('RETURNDATASIZE'))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(offset, readOffset, length)
      .map((operands) => effect('RETURNDATACOPY', ...operands.map(toConstant))),
  },
);

const storage: fc.Arbitrary<Statement> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(slot, slotValue).map(([key, value]) => effect('SSTORE', constant(key), constant(value))),
  },
  { weight: 1, arbitrary: fc.tuple(slot, expression(1)).map(([key, value]) => effect('SSTORE', constant(key), value)) },
  { weight: 2, arbitrary: fc.tuple(slot, expression(1)).map(([key, value]) => effect('TSTORE', constant(key), value)) },
  // The same slot there and back, for the refunds.
  {
    weight: 1,
    arbitrary: fc.tuple(slot, fc.array(slotValue, { maxLength: 4 })).map(([key, values]): Statement => ({
      kind: 'if',
      condition: constant(1n),
      then: values.map((value) => effect('SSTORE', constant(key), constant(value))),
      otherwise: [],
    })),
  },
);

const log: fc.Arbitrary<Statement> = fc
  .tuple(range, fc.array(expression(0), { maxLength: 4 }))
  .map(([[at, size], topics]) => effect(`LOG${topics.length}`, constant(at), constant(size), ...topics));

const calls: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 3, arbitrary: call.map((value): Statement => ({ kind: 'drop', value })) },
  { weight: 2, arbitrary: fc.tuple(slot, call).map(([key, value]) => effect('SSTORE', constant(key), value)) },
  { weight: 2, arbitrary: fc.tuple(offset, call).map(([at, value]) => effect('MSTORE', constant(at), value)) },
);

/** Opcodes of the flat kind: no jumps, no memory or data offsets (they would be absurd), no end. */
const flat = effects
  .flatMap((known, code) =>
    known !== undefined && (code < 0x20 || (code >= 0x30 && code <= 0x36) || (code >= 0x80 && code < 0xa0))
      ? [code]
      : [],
  )
  .filter((code) => code !== 0x00 && code !== 0x1e);
const flatMore = [
  0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x4a, 0x50, 0x58, 0x59, 0x5a, 0x5b, 0x5f,
];

const shuffle: fc.Arbitrary<Statement> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...flat) },
        { weight: 2, arbitrary: fc.constantFrom(...flatMore) },
        { weight: 1, arbitrary: fc.integer({ min: 0x60, max: 0x7f }) },
        { weight: 2, arbitrary: fc.integer({ min: 0x80, max: 0x9f }) },
      ),
      { maxLength: 24 },
    ),
    word,
  )
  .map(([codes, filler]): Statement => ({ kind: 'shuffle', codes, filler }));

const ending: fc.Arbitrary<Statement> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom('RETURN' as const, 'RETURN' as const, 'REVERT' as const), range)
      .map(([name, of]): Statement => ({ kind: 'end', name, operands: of.map(toConstant) })),
  },
  { weight: 1, arbitrary: fc.constant<Statement>({ kind: 'end', name: 'STOP', operands: [] }) },
  {
    weight: 2,
    arbitrary: address.map((to): Statement => ({ kind: 'end', name: 'SELFDESTRUCT', operands: [to] })),
  },
);

const end: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 9, arbitrary: ending },
  { weight: 1, arbitrary: fc.constant<Statement>({ kind: 'end', name: 'INVALID', operands: [] }) },
);

const badJump: fc.Arbitrary<Statement> = fc
  .tuple(
    fc.constantFrom<BadJump[]>(
      'intoPush',
      'beyond',
      'huge',
      'notJumpdest',
      'wrapped',
      'backToStart',
      'intoTruncatedPush',
    ),
    expression(0),
  )
  .map(([how, condition]): Statement => ({ kind: 'badJump', how, condition }));

const broken: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 3, arbitrary: badJump },
  { weight: 1, arbitrary: bytes(6).map((raw): Statement => ({ kind: 'raw', bytes: raw })) },
  { weight: 1, arbitrary: fc.integer({ min: 1000, max: 1025 }).map((height): Statement => ({ kind: 'fill', height })) },
);

const plain: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 10, arbitrary: memory },
  { weight: 4, arbitrary: storage },
  { weight: 2, arbitrary: log },
  { weight: 8, arbitrary: calls },
  { weight: 5, arbitrary: shuffle },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.nat(15), expression(3))
      .map(([index, value]): Statement => ({ kind: 'assign', index, value })),
  },
);

const condition = expression(1);

const byDepth: fc.Arbitrary<Statement>[] = [plain];

/** A statement whose bodies are nested at most so deep. */
function statement(depth: number): fc.Arbitrary<Statement> {
  return (byDepth[depth] ??= nested(depth));
}

function nested(depth: number): fc.Arbitrary<Statement> {
  const body = fc.array(statement(depth - 1), { maxLength: 4 });
  // What ends the frame stands behind a condition, or nothing after it would ever run.
  const rarely = fc
    .tuple(condition, fc.oneof({ weight: 2, arbitrary: end }, { weight: 1, arbitrary: broken }))
    .map(([when, what]): Statement => ({
      kind: 'if',
      condition: operation('EQ', operation('MOD', when, constant(11n)), constant(9n)),
      then: [what],
      otherwise: [],
    }));
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 12, arbitrary: plain },
    {
      weight: 4,
      arbitrary: fc
        .tuple(condition, body, body)
        .map(([when, then, otherwise]): Statement => ({ kind: 'if', condition: when, then, otherwise })),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(loopCount, body).map(([count, inner]): Statement => ({ kind: 'loop', count, body: inner })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(expression(1), fc.array(body, { maxLength: 4 }))
        .map(([selector, cases]): Statement => ({ kind: 'switch', selector, cases })),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 3 }), body)
        .map(([times, inner]): Statement => ({ kind: 'subroutine', times, body: inner })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(expression(1), body)
        .map(([value, inner]): Statement => ({ kind: 'let', value, body: inner })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(bytes(40), fc.boolean())
        .map(([data, careless]): Statement => ({ kind: 'data', bytes: data, safe: !careless })),
    },
    { weight: 2, arbitrary: rarely },
    { weight: 2, arbitrary: creation(depth - 1, body) },
  );
}

const loopCount = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5, max: 60 }) },
);

/** Lengths at the limits of EIP-170 are dear in gas; they are few. */
const deployedZeros = fc.oneof(
  { weight: 15, arbitrary: fc.nat(64) },
  { weight: 1, arbitrary: fc.constantFrom(24_575, 24_576, 24_577) },
);

function creation(depth: number, body: fc.Arbitrary<Statement[]>): fc.Arbitrary<Statement> {
  const deploys: fc.Arbitrary<Deployment> = fc.oneof(
    {
      weight: 5,
      arbitrary: programOf(Math.min(depth, 1)).map((program): Deployment => ({ kind: 'program', program })),
    },
    {
      weight: 2,
      arbitrary: fc
        .oneof(
          bytes(40),
          fc.constantFrom([0xef], [0xef, 0x00, 0x01], [0xef, 0x01, 0x00], [0xff]).map((n) => Uint8Array.from(n)),
        )
        .map((code): Deployment => ({ kind: 'bytes', bytes: code })),
    },
    { weight: 1, arbitrary: deployedZeros.map((size): Deployment => ({ kind: 'zeros', length: size })) },
    { weight: 1, arbitrary: fc.nat(100).map((size): Deployment => ({ kind: 'reverts', length: size })) },
    { weight: 1, arbitrary: fc.constant<Deployment>({ kind: 'nothing' }) },
  );
  const parts: fc.Arbitrary<Creation> = fc.record({
    value: valueGiven,
    salt: fc.option(fc.constantFrom(0n, 1n), { nil: undefined }),
    prelude: fc.array(depth > 0 ? statement(depth - 1) : fc.oneof(plain, rarelyEnds), { maxLength: 3 }),
    deploys,
    stretch: fc.oneof(
      { weight: 40, arbitrary: fc.constant(0) },
      { weight: 4, arbitrary: fc.constantFrom(-1, 1, 33) },
      { weight: 1, arbitrary: fc.constantFrom(48_000, 49_152, 49_153) },
    ),
  });
  const oneOf = (outOf: number): fc.Arbitrary<boolean> => fc.nat(outOf - 1).map((n) => n === 1);
  return fc.tuple(parts, body, oneOf(10), oneOf(5)).map(([made, inner, twice, unguarded]): Statement => {
    const once: Statement = { kind: 'create', creation: made, body: inner };
    // The same CREATE2 again collides with itself, which costs nearly all gas.
    const all: Statement = twice && made.salt !== undefined ? { kind: 'loop', count: 2, body: [once] } : once;
    return unguarded ? all : { kind: 'if', condition: enoughGas, then: [all], otherwise: [] };
  });
}

/** Creations are dear: most frames that could not pay for one leave it out, or few programs would come to their end. */
const enoughGas = operation('GT', operation('GAS'), constant(100_000n));

const rarelyEnds: fc.Arbitrary<Statement> = end;

function programOf(depth: number): fc.Arbitrary<Program> {
  return fc.record({
    locals: fc.array(expression(0), { maxLength: 3 }),
    // Code that is deployed costs 200 gas a byte.
    body: fc.array(depth > 0 ? statement(depth - 1) : plain, { maxLength: 2 }),
    tail: seldom(bytes(8), 6),
  });
}

/** A contract of some size. */
export const program: fc.Arbitrary<Program> = fc
  .record({
    locals: fc.array(expression(0), { maxLength: 18, size: 'max' }),
    body: fc.array(statement(3), { maxLength: 14, size: 'max' }),
    last: fc.option(ending, { nil: undefined, freq: 2 }),
    tail: seldom(bytes(40), 8),
  })
  .map(({ locals, body, last, tail }) => ({ locals, body: last === undefined ? body : [...body, last], tail }));
