import type { Emitter } from './wasm-encoder.ts';
import { op } from './wasm-encoder.ts';
import { bounded, constant, FULL, narrow, small, smallValue, valueOf, ZERO } from './word.ts';
import type { Flag, Limb, Limbs, Value, Word } from './word.ts';

const WORD_MASK = (1n << 256n) - 1n;

/** Locals that hold parts of words while a function is written. */
export interface Locals {
  /** An i64 local that nothing uses now. */
  wide(): number;
  /** An i32 local that nothing uses now. */
  flag(): number;
}

/**
 * Writes operations on 256-bit words as operations on their limbs. Constants are folded, limbs known to be zero cost
 * nothing, and a carry is worked out only where one can be.
 */
export class Words {
  private readonly e: Emitter;
  private readonly locals: Locals;

  constructor(emitter: Emitter, locals: Locals) {
    this.e = emitter;
    this.locals = locals;
  }

  /** Puts a limb on WebAssembly's stack. */
  push(limb: Limb): void {
    if (typeof limb === 'number') this.e.get(limb);
    else this.e.i64(limb);
  }

  /** Takes what is on WebAssembly's stack into a new local. */
  keep(): number {
    const local = this.locals.wide();
    this.e.set(local);
    return local;
  }

  keepFlag(): Flag {
    const local = this.locals.flag();
    this.e.set(local);
    return { kind: 'flag', local };
  }

  /** A flag as a word. */
  word(value: Value): Word {
    if (value.kind === 'word') return value;
    this.e.get(value.local);
    this.e.u8(op.i64ExtendI32U);
    return narrow(this.keep(), 1);
  }

  /** Writes one operation on two limbs; its result stays on WebAssembly's stack. */
  private on(opcode: number, a: Limb, b: Limb): void {
    this.push(a);
    this.push(b);
    this.e.u8(opcode);
  }

  private binary(opcode: number, a: Limb, b: Limb): number {
    this.on(opcode, a, b);
    return this.keep();
  }

  /** The i32 on WebAssembly's stack as a limb. */
  private extend(): number {
    this.e.u8(op.i64ExtendI32U);
    return this.keep();
  }

  add(x: Word, y: Word): Word {
    const a = valueOf(x);
    const b = valueOf(y);
    if (a !== undefined && b !== undefined) return constant((a + b) & WORD_MASK);
    if (a === 0n) return y;
    if (b === 0n) return x;
    const bits = Math.min(256, Math.max(x.bits, y.bits) + 1);
    const out: Limb[] = [0n, 0n, 0n, 0n];
    let carry: Limb = 0n;
    for (let index = 0; index < 4 && bits > 64 * index; index++) {
      // A carry out can be only when the sum can be longer than the limbs so far.
      const carries = bits > 64 * (index + 1);
      [out[index], carry] = this.addLimbs(x.limbs[index] ?? 0n, y.limbs[index] ?? 0n, carry, carries);
    }
    return bounded(out as unknown as Limbs, bits);
  }

  private addLimbs(a: Limb, b: Limb, carry: Limb, carries: boolean): [sum: Limb, carry: Limb] {
    if (typeof a === 'bigint') [a, b] = [b, a];
    if (typeof a === 'bigint' && typeof b === 'bigint') {
      const sum = a + b;
      if (carry === 0n) return [sum & FULL, sum >> 64n];
      if (typeof carry === 'bigint') return [(sum + carry) & FULL, (sum + carry) >> 64n];
      if (sum >= FULL) {
        // The constant and a carry may reach 2^64: `sum + carry` wraps exactly when the carry is set.
        const low = this.binary(op.i64Add, sum & FULL, carry);
        if (sum > FULL) return [low, 1n];
        return [low, carry];
      }
      return [sum === 0n ? carry : this.binary(op.i64Add, sum, carry), 0n];
    }
    if (b === 0n && carry === 0n) return [a, 0n];
    if (b === 0n || carry === 0n) {
      const addend = b === 0n ? carry : b;
      const sum = this.binary(op.i64Add, a, addend);
      if (!carries) return [sum, 0n];
      this.on(op.i64LtU, sum, addend);
      return [sum, this.extend()];
    }
    const half = this.binary(op.i64Add, a, b);
    const sum = this.binary(op.i64Add, half, carry);
    if (!carries) return [sum, 0n];
    this.on(op.i64LtU, half, b);
    this.on(op.i64LtU, sum, carry);
    this.e.u8(op.i32Or);
    return [sum, this.extend()];
  }

  sub(x: Word, y: Word): Word {
    const a = valueOf(x);
    const b = valueOf(y);
    if (a !== undefined && b !== undefined) return constant((a - b) & WORD_MASK);
    if (b === 0n) return x;
    const out: Limb[] = [0n, 0n, 0n, 0n];
    let borrow: Limb = 0n;
    for (let index = 0; index < 4; index++) {
      const a = x.limbs[index] ?? 0n;
      const b = y.limbs[index] ?? 0n;
      const last = index === 3;
      if (b === 0n && borrow === 0n) {
        out[index] = a;
        continue;
      }
      if (b === 0n || borrow === 0n) {
        const taken = b === 0n ? borrow : b;
        out[index] = this.binary(op.i64Sub, a, taken);
        if (last) break;
        if (a === 0n && b === 0n) continue; // 0 - borrow borrows when there is one
        this.on(op.i64LtU, a, taken);
        borrow = this.extend();
        continue;
      }
      const half = this.binary(op.i64Sub, a, b);
      out[index] = this.binary(op.i64Sub, half, borrow);
      if (last) break;
      this.on(op.i64LtU, a, b);
      this.on(op.i64LtU, half, borrow);
      this.e.u8(op.i32Or);
      borrow = this.extend();
    }
    return bounded(out as unknown as Limbs, 256);
  }

  and(x: Word, y: Word): Word {
    const limbs = x.limbs.map((a, index) => {
      const b = y.limbs[index] ?? 0n;
      if (typeof a === 'bigint' && typeof b === 'bigint') return a & b;
      if (a === 0n || b === 0n) return 0n;
      if (a === FULL || a === b) return b;
      if (b === FULL) return a;
      return this.binary(op.i64And, a, b);
    });
    return bounded(limbs as unknown as Limbs, Math.min(x.bits, y.bits));
  }

  or(x: Word, y: Word): Word {
    const limbs = x.limbs.map((a, index) => {
      const b = y.limbs[index] ?? 0n;
      if (typeof a === 'bigint' && typeof b === 'bigint') return a | b;
      if (a === 0n || a === b) return b;
      if (b === 0n) return a;
      if (a === FULL || b === FULL) return FULL;
      return this.binary(op.i64Or, a, b);
    });
    return bounded(limbs as unknown as Limbs, Math.max(x.bits, y.bits));
  }

  xor(x: Word, y: Word): Word {
    const limbs = x.limbs.map((a, index) => {
      const b = y.limbs[index] ?? 0n;
      if (typeof a === 'bigint' && typeof b === 'bigint') return a ^ b;
      if (a === b) return 0n;
      if (a === 0n) return b;
      if (b === 0n) return a;
      return this.binary(op.i64Xor, a, b);
    });
    return bounded(limbs as unknown as Limbs, Math.max(x.bits, y.bits));
  }

  not(x: Word): Word {
    return this.xor(x, constant(WORD_MASK));
  }

  /** x·2^count; count at most 255. */
  shl(x: Word, count: number): Word {
    const limbs = [0, 1, 2, 3].map((index) => {
      const from = index - (count >> 6);
      return this.joined(from < 0 ? 0n : x.limbs[from], from < 1 ? 0n : x.limbs[from - 1], count & 63);
    });
    return bounded(limbs as unknown as Limbs, x.bits === 0 ? 0 : Math.min(256, x.bits + count));
  }

  /** x/2^count; count at most 255. */
  shr(x: Word, count: number): Word {
    if (count === 0) return x;
    if (count >= x.bits) return ZERO;
    const bits = x.bits - count;
    const limbs = [0, 1, 2, 3].map((index) => {
      if (bits <= 64 * index) return 0n;
      const from = index + (count >> 6);
      const rest = count & 63;
      if (rest === 0) return x.limbs[from] ?? 0n;
      return this.joined(x.limbs[from + 1] ?? 0n, x.limbs[from] ?? 0n, 64 - rest);
    });
    return bounded(limbs as unknown as Limbs, bits);
  }

  /** `high·2^count + low/2^(64-count)`, modulo 2^64; count at most 63. */
  private joined(high: Limb = 0n, low: Limb = 0n, count: number): Limb {
    if (count === 0) return high;
    const left = BigInt(count);
    const right = 64n - left;
    if (typeof high === 'bigint' && typeof low === 'bigint') return ((high << left) | (low >> right)) & FULL;
    if (high === 0n) return this.binary(op.i64ShrU, low, right);
    if (low === 0n) return this.binary(op.i64Shl, high, left);
    this.on(op.i64Shl, high, left);
    this.on(op.i64ShrU, low, right);
    this.e.u8(op.i64Or);
    return this.keep();
  }

  /** Arithmetic shift right; count at most 255. */
  sar(x: Word, count: number): Word {
    if (x.bits < 256) return this.shr(x, count);
    const value = valueOf(x);
    if (value !== undefined) return constant(BigInt.asUintN(256, BigInt.asIntN(256, value) >> BigInt(count)));
    if (count === 0) return x;
    const sign = this.binary(op.i64ShrS, x.limbs[3], 63n);
    const rest = count & 63;
    const limbs = [0, 1, 2, 3].map((index) => {
      const from = index + (count >> 6);
      const low = from > 3 ? sign : (x.limbs[from] ?? 0n);
      const high = from > 2 ? sign : (x.limbs[from + 1] ?? 0n);
      return rest === 0 || low === sign ? low : this.joined(high, low, 64 - rest);
    });
    return bounded(limbs as unknown as Limbs, 256);
  }

  /** The word's lowest `bytes` bytes with their sign; 1 … 31. */
  signExtend(x: Word, bytes: number): Word {
    if (x.bits < 8 * bytes) return x;
    const value = valueOf(x);
    if (value !== undefined) return constant(BigInt.asUintN(256, BigInt.asIntN(8 * bytes, value)));
    const last = (bytes - 1) >> 3;
    const unused = BigInt(64 - (8 * bytes - 64 * last));
    const source = x.limbs[last] ?? 0n;
    let top = source;
    if (unused !== 0n) {
      this.on(op.i64Shl, source, unused);
      this.push(unused);
      this.e.u8(op.i64ShrS);
      top = this.keep();
    }
    const sign = last === 3 ? top : this.binary(op.i64ShrS, top, 63n);
    const limbs = x.limbs.map((limb, index) => (index < last ? limb : index === last ? top : sign));
    return bounded(limbs as unknown as Limbs, 256);
  }

  /** The `index`-th byte from the top; 0 … 31. */
  byte(x: Word, index: number): Word {
    return this.and(this.shr(x, 248 - 8 * index), small(0xff));
  }

  /** Puts an i32 on WebAssembly's stack that is not zero exactly when one of the limbs is not. At least one is no zero. */
  private anySet(limbs: readonly Limb[]): void {
    this.orOf(limbs);
    this.e.u8(op.i64Eqz);
    this.e.u8(op.i32Eqz);
  }

  /** Puts the `or` of limbs on WebAssembly's stack. */
  orOf(limbs: readonly Limb[]): void {
    let first = true;
    for (const limb of limbs) {
      if (limb === 0n) continue;
      this.push(limb);
      if (!first) this.e.u8(op.i64Or);
      first = false;
    }
    if (first) this.e.i64(0n);
  }

  isZero(x: Value): Value {
    if (x.kind === 'flag') {
      this.e.get(x.local);
      this.e.u8(op.i32Eqz);
      return this.keepFlag();
    }
    const value = valueOf(x);
    if (value !== undefined) return small(value === 0n ? 1 : 0);
    this.orOf(x.limbs);
    this.e.u8(op.i64Eqz);
    return this.keepFlag();
  }

  eq(x: Word, y: Word): Value {
    const a = valueOf(x);
    const b = valueOf(y);
    if (a !== undefined && b !== undefined) return small(a === b ? 1 : 0);
    if (a === 0n) return this.isZero(y);
    if (b === 0n) return this.isZero(x);
    let first = true;
    for (const [index, left] of x.limbs.entries()) {
      const right = y.limbs[index] ?? 0n;
      if (left === right) continue;
      if (left === 0n || right === 0n) this.push(left === 0n ? right : left);
      else this.on(op.i64Xor, left, right);
      if (!first) this.e.u8(op.i64Or);
      first = false;
    }
    if (first) return small(1);
    this.e.u8(op.i64Eqz);
    return this.keepFlag();
  }

  /** x < y. */
  lt(x: Word, y: Word): Value {
    const a = valueOf(x);
    const b = valueOf(y);
    if (a !== undefined && b !== undefined) return small(a < b ? 1 : 0);
    if (b === 0n) return ZERO;
    if (b === 1n) return this.isZero(x);
    if (a === 0n) {
      this.anySet(y.limbs);
      return this.keepFlag();
    }
    if (x.bits <= 64 || y.bits <= 64) {
      this.on(op.i64LtU, x.limbs[0], y.limbs[0]);
      if (x.bits > 64) {
        this.orOf(x.limbs.slice(1));
        this.e.u8(op.i64Eqz);
        this.e.u8(op.i32And);
      } else if (y.bits > 64) {
        this.anySet(y.limbs.slice(1));
        this.e.u8(op.i32Or);
      }
      return this.keepFlag();
    }
    this.borrowOf(x.limbs, y.limbs, op.i64LtU);
    return this.keepFlag();
  }

  /** Puts on WebAssembly's stack whether a < b, the highest limbs compared by `topLess`. */
  private borrowOf(a: Limbs, b: Limbs, topLess: number): void {
    this.on(op.i64LtU, a[0], b[0]);
    for (let index = 1; index < 4; index++) {
      const left = a[index] ?? 0n;
      const right = b[index] ?? 0n;
      if (left === right) continue;
      // (left = right and less so far) or left < right
      this.on(op.i64Eq, left, right);
      this.e.u8(op.i32And);
      this.on(index === 3 ? topLess : op.i64LtU, left, right);
      this.e.u8(op.i32Or);
    }
  }

  /** x < y as two's complement. */
  slt(x: Word, y: Word): Value {
    const a = valueOf(x);
    const b = valueOf(y);
    if (a !== undefined && b !== undefined) return small(BigInt.asIntN(256, a) < BigInt.asIntN(256, b) ? 1 : 0);
    if (x.bits < 256 && y.bits < 256) return this.lt(x, y);
    if (b === 0n) {
      this.on(op.i64LtS, x.limbs[3], 0n);
      return this.keepFlag();
    }
    this.borrowOf(x.limbs, y.limbs, op.i64LtS);
    return this.keepFlag();
  }

  /** The product when it is cheap: constants, powers of two, factors whose product fits 64 bits. */
  mul(x: Word, y: Word): Word | undefined {
    const a = valueOf(x);
    const b = valueOf(y);
    if (a !== undefined && b !== undefined) return constant((a * b) & WORD_MASK);
    if (a !== undefined) return this.mul(y, x);
    if (b === 0n) return ZERO;
    if (b !== undefined && (b & (b - 1n)) === 0n) return this.shl(x, y.bits - 1);
    if (x.bits + y.bits <= 64) return narrow(this.binary(op.i64Mul, x.limbs[0], y.limbs[0]), x.bits + y.bits);
    return undefined;
  }

  /** Quotient or remainder when it is cheap: constants, powers of two, 64 bits. */
  divide(x: Word, y: Word, remainder: boolean): Word | undefined {
    const a = valueOf(x);
    const b = valueOf(y);
    if (b === 0n) return ZERO;
    if (a !== undefined && b !== undefined) return constant(remainder ? a % b : a / b);
    if (b !== undefined && (b & (b - 1n)) === 0n) {
      return remainder ? this.and(x, constant(b - 1n)) : this.shr(x, y.bits - 1);
    }
    if (x.bits > 64 || y.bits > 64) return undefined;
    const [dividend] = x.limbs;
    const [divisor] = y.limbs;
    const opcode = remainder ? op.i64RemU : op.i64DivU;
    if (b !== undefined) return narrow(this.binary(opcode, dividend, divisor), 64);
    // WebAssembly traps on a divisor of 0, the EVM says 0: divide by 1 then, and keep nothing of the result.
    this.push(divisor);
    this.e.u8(op.i64Eqz);
    this.e.u8(op.i64ExtendI32U);
    const isZero = this.keep();
    this.push(dividend);
    this.on(op.i64Or, divisor, isZero);
    this.e.u8(opcode);
    this.on(op.i64Sub, isZero, 1n);
    this.e.u8(op.i64And);
    return narrow(this.keep(), Math.min(x.bits, 64));
  }

  /** Puts an i32 on WebAssembly's stack: not zero when the value is not. */
  truth(x: Value): void {
    if (x.kind === 'flag') {
      this.e.get(x.local);
      return;
    }
    this.anySet(x.limbs);
  }

  /** A constant amount below 256, or undefined. */
  static amount(word: Word): number | undefined {
    const value = smallValue(word);
    return value >= 0 && value < 256 ? value : undefined;
  }
}
