// Functions that each compiled module has of its own, for what is too long to be written out at each use.

import { FRAME_GAS, FRAME_INPUT, FRAME_INPUT_SIZE, FRAME_MEMORY_SIZE, OUT_OF_GAS } from '../layout.ts';
import { Emitter, I32, I64, op, simd, V128, VOID } from './wasm-encoder.ts';
import type { FunctionBody } from './wasm-encoder.ts';
import { importIndex, imports } from './imports.ts';

const first = imports.length;

/** Indices of the functions below. */
export const helper = {
  /** (a, b) → low and high 64 bits of the product. */
  multiply64: first,
  /** (a, b) → a·b modulo 2^256, on four limbs each. */
  multiply: first + 1,
  /** (pointer, a, b) → a/b; the two words at the pointer are scratch. */
  divide: first + 2,
  /** (pointer, a, b) → a mod b. */
  modulo: first + 3,
  /** (pointer, offset) → the word of call data; the word at the pointer is scratch. */
  callDataLoad: first + 4,
  /** (gas, offset, whatever is above it) → the gas left when memory reaches 32 bytes behind the offset; see FAILED. */
  growForWord: first + 5,
  /** The same for one byte. */
  growForByte: first + 7,
  /** → one more than the highest offset at which memory has a whole word; 0 when it has none. */
  memoryLimit: first + 6,
} as const;

/** Functions of the module before those with the contract's code. */
export const helperCount = 8;

/** Memory of 2^REACH_BITS bytes costs more than any gas: (2^37)^2/512 for its words alone. */
export const REACH_BITS = 42n;

/** A gas below half of this is this plus the status to end with. */
export const FAILED = -(1n << 62n);

/** Their bodies; made once, since they are the same for all contracts. */
export function helperFunctions(): readonly FunctionBody[] {
  bodies ??= [
    multiply64(),
    multiply(),
    division('div'),
    division('mod'),
    callDataLoad(),
    grow(32n),
    memoryLimit(),
    grow(1n),
  ];
  return bodies;
}

let bodies: FunctionBody[] | undefined;

/** Bytes in the order in which the EVM has them: two limbs, turned around. */
export const REVERSED = Uint8Array.of(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

/** Loads 32 bytes at an address in a local and puts the limbs into four locals. */
export function loadWord(e: Emitter, address: number, offset: number, limbs: readonly number[], vector: number): void {
  for (const half of [0, 1]) {
    e.get(address);
    e.simdAccess(simd.load, offset + 16 * half);
    e.get(vector); // any second operand
    e.simd(simd.shuffle);
    e.append(REVERSED);
    e.tee(vector);
    for (const lane of [0, 1]) {
      if (lane === 1) e.get(vector);
      e.simd(simd.i64x2ExtractLane);
      e.u8(lane);
      e.set(limbs[2 - 2 * half + lane] ?? 0);
    }
  }
}

/** Puts the product of two locals in `low` and `high`, by 32-bit halves; `t` are five locals of its own. */
function wideProduct(e: Emitter, a: number, b: number, low: number, high: number, t: readonly number[]): void {
  const [ah = 0, al = 0, bl = 0, bh = 0, middle = 0] = t;
  const half = (from: number, to: number, isHigh: boolean): void => {
    e.get(from);
    e.i64(isHigh ? 32n : 0xffff_ffffn);
    e.u8(isHigh ? op.i64ShrU : op.i64And);
    e.set(to);
  };
  const times = (x: number, y: number): void => {
    e.get(x);
    e.get(y);
    e.u8(op.i64Mul);
  };
  half(a, ah, true);
  half(a, al, false);
  half(b, bh, true);
  half(b, bl, false);
  // middle = (al·bl >> 32) + (ah·bl mod 2^32) + al·bh, which fits: 2·(2^32-1) + (2^32-1)^2 < 2^64
  times(al, bl);
  e.tee(low);
  e.i64(32n);
  e.u8(op.i64ShrU);
  times(ah, bl);
  e.tee(high);
  e.i64(0xffff_ffffn);
  e.u8(op.i64And);
  e.u8(op.i64Add);
  times(al, bh);
  e.u8(op.i64Add);
  e.set(middle);
  e.get(middle);
  e.i64(32n);
  e.u8(op.i64Shl);
  e.get(low);
  e.i64(0xffff_ffffn);
  e.u8(op.i64And);
  e.u8(op.i64Or);
  e.set(low);
  times(ah, bh);
  e.get(high);
  e.i64(32n);
  e.u8(op.i64ShrU);
  e.u8(op.i64Add);
  e.get(middle);
  e.i64(32n);
  e.u8(op.i64ShrU);
  e.u8(op.i64Add);
  e.set(high);
}

function multiply64(): FunctionBody {
  const e = new Emitter(256);
  wideProduct(e, 0, 1, 2, 3, [4, 5, 6, 7, 8]);
  e.get(2);
  e.get(3);
  e.u8(op.end);
  return { signature: 'll:ll', locals: [[7, I64]], code: e.finish() };
}

/**
 * Schoolbook by rows: a·b0, then for each higher limb of b that is not zero its row. With the factor of fewer limbs as
 * b, most products of practice are the first row alone.
 */
function multiply(): FunctionBody {
  const e = new Emitter(2048);
  const a = [0, 1, 2, 3];
  const b = [4, 5, 6, 7];
  const r = [8, 9, 10, 11];
  const t = [12, 13, 14, 15, 16];
  const [low, high, carry, swap] = [17, 18, 19, 20];
  const upper = (limbs: readonly number[]): void => {
    for (const [index, limb] of limbs.slice(1).entries()) {
      e.get(limb);
      if (index > 0) e.u8(op.i64Or);
    }
    e.u8(op.i64Eqz);
  };
  // Swap when a is the one with a single limb.
  upper(a);
  e.u8(op.if);
  e.u8(VOID);
  upper(b);
  e.u8(op.if);
  e.u8(VOID);
  wideProduct(e, 0, 4, low, high, t);
  e.get(low);
  e.get(high);
  e.i64(0n);
  e.i64(0n);
  e.u8(op.return);
  e.u8(op.end);
  for (const index of [0, 1, 2, 3]) {
    e.get(a[index] ?? 0);
    e.set(swap);
    e.get(b[index] ?? 0);
    e.set(a[index] ?? 0);
    e.get(swap);
    e.set(b[index] ?? 0);
  }
  e.u8(op.end);
  for (const row of [0, 1, 2, 3]) {
    if (row > 0) {
      e.get(b[row] ?? 0);
      e.i64(0n);
      e.u8(op.i64Ne);
      e.u8(op.if);
      e.u8(VOID);
      e.i64(0n);
      e.set(carry);
    }
    for (let column = 0; row + column < 4; column++) {
      const to = r[row + column] ?? 0;
      if (row + column === 3) {
        e.get(to);
        e.get(a[column] ?? 0);
        e.get(b[row] ?? 0);
        e.u8(op.i64Mul);
        e.u8(op.i64Add);
        e.get(carry);
        e.u8(op.i64Add);
        e.set(to);
        continue;
      }
      wideProduct(e, a[column] ?? 0, b[row] ?? 0, low, high, t);
      // high:low + r + carry fits 128 bits
      for (const addend of row === 0 ? [carry] : [to, carry]) {
        e.get(low);
        e.get(addend);
        e.u8(op.i64Add);
        e.tee(low);
        e.get(addend);
        e.u8(op.i64LtU);
        e.u8(op.i64ExtendI32U);
        e.get(high);
        e.u8(op.i64Add);
        e.set(high);
      }
      e.get(low);
      e.set(to);
      e.get(high);
      e.set(carry);
    }
    if (row > 0) e.u8(op.end);
  }
  for (const limb of r) e.get(limb);
  e.u8(op.end);
  return { signature: 'llllllll:llll', locals: [[13, I64]], code: e.finish() };
}

/** Divides by the processor when both fit 64 bits, else by the machine. */
function division(name: 'div' | 'mod'): FunctionBody {
  const e = new Emitter(256);
  for (const [index, limb] of [2, 3, 4, 6, 7, 8].entries()) {
    e.get(limb);
    if (index > 0) e.u8(op.i64Or);
  }
  e.u8(op.i64Eqz);
  e.u8(op.if);
  e.u8(VOID);
  e.get(5);
  e.u8(op.i64Eqz);
  e.u8(op.if);
  e.u8(VOID);
  for (let limb = 0; limb < 4; limb++) e.i64(0n);
  e.u8(op.return);
  e.u8(op.end);
  e.get(1);
  e.get(5);
  e.u8(name === 'div' ? op.i64DivU : op.i64RemU);
  for (let limb = 0; limb < 3; limb++) e.i64(0n);
  e.u8(op.return);
  e.u8(op.end);
  // The top word is the dividend.
  for (let limb = 0; limb < 8; limb++) {
    e.get(0);
    e.get(1 + ((limb + 4) % 8));
    e.access(op.i64Store, 8 * limb);
  }
  e.get(0);
  e.i32(64);
  e.u8(op.i32Add);
  e.call(importIndex(name));
  for (let limb = 0; limb < 4; limb++) {
    e.get(0);
    e.access(op.i64Load, 8 * limb);
  }
  e.u8(op.end);
  return { signature: 'illllllll:llll', locals: [], code: e.finish() };
}

function callDataLoad(): FunctionBody {
  const e = new Emitter(256);
  const absolute = (address: number, opcode: number): void => {
    e.i32(0);
    e.access(opcode, address);
  };
  // offset <= size, so that offset + 32 does not wrap
  e.get(1);
  absolute(FRAME_INPUT_SIZE, op.i32Load);
  e.u8(op.i64ExtendI32U);
  e.u8(op.i64LtU);
  e.u8(op.if);
  e.u8(VOID);
  e.get(1);
  e.i64(32n);
  e.u8(op.i64Add);
  absolute(FRAME_INPUT_SIZE, op.i32Load);
  e.u8(op.i64ExtendI32U);
  e.u8(op.i64GtU);
  e.u8(op.if);
  e.u8(VOID);
  e.get(0);
  e.get(1);
  e.access(op.i64Store, 0);
  for (const offset of [8, 16, 24]) {
    e.get(0);
    e.i64(0n);
    e.access(op.i64Store, offset);
  }
  e.get(0);
  e.i32(32);
  e.u8(op.i32Add);
  e.call(importIndex('calldataload'));
  for (const offset of [0, 8, 16, 24]) {
    e.get(0);
    e.access(op.i64Load, offset);
  }
  e.u8(op.return);
  e.u8(op.end);
  absolute(FRAME_INPUT, op.i32Load);
  e.get(1);
  e.u8(op.i32WrapI64);
  e.u8(op.i32Add);
  e.set(2);
  loadWord(e, 2, 0, [3, 4, 5, 6], 7);
  e.u8(op.end);
  for (const limb of [3, 4, 5, 6]) e.get(limb);
  e.u8(op.end);
  return { signature: 'il:llll', locals: [[1, I32], [4, I64], [1, V128]], code: e.finish() }; // prettier-ignore
}

function grow(size: bigint): FunctionBody {
  const e = new Emitter(64);
  e.get(2);
  e.get(1);
  e.i64(REACH_BITS);
  e.u8(op.i64ShrU);
  e.u8(op.i64Or);
  e.u8(op.i64Eqz);
  e.u8(op.i32Eqz);
  e.u8(op.if);
  e.u8(VOID);
  // No gas pays for that much.
  e.i64(FAILED + BigInt(OUT_OF_GAS));
  e.u8(op.return);
  e.u8(op.end);
  e.i32(0);
  e.get(0);
  e.access(op.i64Store, FRAME_GAS);
  e.get(1);
  e.i64(size);
  e.u8(op.i64Add);
  e.call(importIndex('expand'));
  e.tee(3);
  e.u8(op.if);
  e.u8(VOID);
  e.get(3);
  e.u8(op.i64ExtendI32U);
  e.i64(FAILED);
  e.u8(op.i64Add);
  e.u8(op.return);
  e.u8(op.end);
  e.i32(0);
  e.access(op.i64Load, FRAME_GAS);
  e.u8(op.end);
  return { signature: 'lll:l', locals: [[1, I32]], code: e.finish() };
}

function memoryLimit(): FunctionBody {
  const e = new Emitter(32);
  e.i32(0);
  e.access(op.i32Load, FRAME_MEMORY_SIZE);
  e.u8(op.i64ExtendI32U);
  e.i64(31n);
  e.u8(op.i64Sub);
  e.i64(0n);
  e.i32(0);
  e.access(op.i32Load, FRAME_MEMORY_SIZE);
  e.u8(op.select);
  e.u8(op.end);
  return { signature: ':l', locals: [], code: e.finish() };
}
