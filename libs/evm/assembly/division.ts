// Division of words. What a divisor needs (its normalised form, a reciprocal of its highest limbs) is remembered in a
// small direct-mapped table, because contracts divide by the same few numbers again and again.
//
// Quotient digits are 64 bits, each from one multiplication with the reciprocal: Möller and Granlund, "Improved division
// by invariant integers" (2011), algorithms 4 (two limbs by one), 5 (three by two) and 6 (the reciprocal).

import { mulHigh, shiftRight } from './u256';
import { copyWord, isNegative, lessThan, negate, setLimbs } from './words';

/** A divisor's record: the divisor itself (the key; 0 in a record never used), then what follows. */
const RECORD_BYTES: usize = 128;
/** 32 records. */
const DIVISORS = memory.data(4096, 64);
/** The divisor shifted until its highest limb has its highest bit, 32 bytes. */
export const NORMALISED: usize = 32;
/** u64: floor((2^128 - 1) / d) - 2^64 of the highest limb, or for two limbs and more of the two highest. */
export const RECIPROCAL: usize = 64;
/** u64: how far it was shifted. */
export const SHIFT: usize = 72;
/** u32: its limbs, 1 … 4; 0 for a power of two, whose exponent is then SHIFT. */
export const LIMBS: usize = 80;
/** u32 and 32 bytes: of modular.ts, 0 in a new record. */
export const USES: usize = 84;
export const BARRETT: usize = 96;

/** Limbs of a dividend, shifted like the divisor; afterwards the remainder, still shifted. 9 of them. */
export const DIVIDEND = memory.data(80, 64);
/** Limbs of the quotient. */
export const QUOTIENT = memory.data(64, 64);

/** floor((2^128 - 1) / d) - 2^64 of a d whose highest bit is set: (2^128 - 1 - d·2^64) / d in two 32-bit digits. */
function reciprocal(d: u64): u64 {
  const high = d >> 32;
  const low = d & 0xffffffff;
  let q1 = ~d / high;
  let rest = ~d - q1 * high;
  while (q1 > 0xffffffff || q1 * low > ((rest << 32) | 0xffffffff)) {
    q1--;
    rest += high;
    if (rest > 0xffffffff) break;
  }
  const middle = ((~d << 32) | 0xffffffff) - q1 * d;
  let q0 = middle / high;
  rest = middle - q0 * high;
  while (q0 > 0xffffffff || q0 * low > ((rest << 32) | 0xffffffff)) {
    q0--;
    rest += high;
    if (rest > 0xffffffff) break;
  }
  return (q1 << 32) + q0;
}

/** The same for the two limbs d1, d0: floor((2^192 - 1) / d) - 2^64. */
function reciprocalOfTwo(d1: u64, d0: u64): u64 {
  let v = reciprocal(d1);
  let p = d1 * v + d0;
  if (p < d0) {
    v--;
    if (p >= d1) {
      v--;
      p -= d1;
    }
    p -= d1;
  }
  const t0 = v * d0;
  const t1 = mulHigh(v, d0);
  p += t1;
  if (p < t1) {
    v--;
    if (p > d1 || (p == d1 && t0 >= d0)) v--;
  }
  return v;
}

/** The record of the divisor at `d`, which is not zero. */
export function recordOf(d: usize): usize {
  const d0 = load<u64>(d);
  const d1 = load<u64>(d, 8);
  const d2 = load<u64>(d, 16);
  const d3 = load<u64>(d, 24);
  const mix = (d0 ^ rotl(d1, 17) ^ rotl(d2, 31) ^ rotl(d3, 47)) * 0x9e3779b97f4a7c15;
  const record = DIVISORS + <usize>(mix >> 59) * RECORD_BYTES;
  if (
    ((load<u64>(record) ^ d0) |
      (load<u64>(record, 8) ^ d1) |
      (load<u64>(record, 16) ^ d2) |
      (load<u64>(record, 24) ^ d3)) !=
    0
  )
    fillRecord(record, d0, d1, d2, d3);
  return record;
}

function fillRecord(record: usize, d0: u64, d1: u64, d2: u64, d3: u64): void {
  setLimbs(record, d0, d1, d2, d3);
  store<u32>(record, 0, USES);
  const limbs = d3 != 0 ? 4 : d2 != 0 ? 3 : d1 != 0 ? 2 : 1;
  const top = limbs == 4 ? d3 : limbs == 3 ? d2 : limbs == 2 ? d1 : d0;
  const shift = <u64>i64.clz(top);
  if (i64.popcnt(d0) + i64.popcnt(d1) + i64.popcnt(d2) + i64.popcnt(d3) == 1) {
    store<u32>(record, 0, LIMBS);
    store<u64>(record, 64 * <u64>limbs - 1 - shift, SHIFT);
    return;
  }
  store<u32>(record, limbs, LIMBS);
  store<u64>(record, shift, SHIFT);
  const back = 63 - shift;
  const n0 = d0 << shift;
  const n1 = (d1 << shift) | ((d0 >> 1) >> back);
  const n2 = (d2 << shift) | ((d1 >> 1) >> back);
  const n3 = (d3 << shift) | ((d2 >> 1) >> back);
  setLimbs(record + NORMALISED, n0, n1, n2, n3);
  const v =
    limbs == 1
      ? reciprocal(n0)
      : limbs == 2
        ? reciprocalOfTwo(n1, n0)
        : limbs == 3
          ? reciprocalOfTwo(n2, n1)
          : reciprocalOfTwo(n3, n2);
  store<u64>(record, v, RECIPROCAL);
}

/** DIVIDEND = the `limbs` limbs at `u`, shifted by `shift`; one limb more than there were. */
// @ts-ignore: decorator
@inline
function shiftDividend(u: usize, limbs: usize, shift: u64): void {
  const back = 63 - shift;
  let below: u64 = 0;
  for (let i: usize = 0; i < limbs << 3; i += 8) {
    const limb = load<u64>(u + i);
    store<u64>(DIVIDEND + i, (limb << shift) | ((below >> 1) >> back));
    below = limb;
  }
  store<u64>(DIVIDEND + (limbs << 3), (below >> 1) >> back);
}

/** DIVIDEND = the word at `u`, shifted by `shift`: 5 limbs. */
// @ts-ignore: decorator
@inline
function shiftWord(u: usize, shift: u64): void {
  const back = 63 - shift;
  const u0 = load<u64>(u);
  const u1 = load<u64>(u, 8);
  const u2 = load<u64>(u, 16);
  const u3 = load<u64>(u, 24);
  setLimbs(
    DIVIDEND,
    u0 << shift,
    (u1 << shift) | ((u0 >> 1) >> back),
    (u2 << shift) | ((u1 >> 1) >> back),
    (u3 << shift) | ((u2 >> 1) >> back),
  );
  store<u64>(DIVIDEND, (u3 >> 1) >> back, 32);
}

/**
 * QUOTIENT = u / d, of which limbs - LIMBS + 1 limbs are set, and DIVIDEND = the remainder, shifted by SHIFT.
 * `u` has `limbs` >= LIMBS limbs, at most 8. Not for a power of two.
 */
export function divide(u: usize, limbs: usize, record: usize): void {
  shiftDividend(u, limbs, load<u64>(record, SHIFT));
  divideShifted(limbs, record);
}

/** The same of the `limbs` + 1 limbs that are in DIVIDEND already, the highest LIMBS of which are less than the divisor. */
export function divideShifted(limbs: usize, record: usize): void {
  const n = <usize>load<u32>(record, LIMBS);
  if (n == 1) divideByOne(limbs, record);
  else if (n == 2) divideByTwo(limbs, record);
  else divideByMore(limbs, record, n);
}

function divideByOne(limbs: usize, record: usize): void {
  const d = load<u64>(record, NORMALISED);
  const v = load<u64>(record, RECIPROCAL);
  let rest = load<u64>(DIVIDEND + (limbs << 3));
  for (let i = limbs << 3; i != 0; ) {
    i -= 8;
    const u0 = load<u64>(DIVIDEND + i);
    const low = v * rest;
    const q0 = low + u0;
    let q1 = mulHigh(v, rest) + rest + u64(q0 < low) + 1;
    rest = u0 - q1 * d;
    if (rest > q0) {
      q1--;
      rest += d;
    }
    if (rest >= d) {
      q1++;
      rest -= d;
    }
    store<u64>(QUOTIENT + i, q1);
  }
  store<u64>(DIVIDEND, rest);
}

function divideByTwo(limbs: usize, record: usize): void {
  const d0 = load<u64>(record, NORMALISED);
  const d1 = load<u64>(record + NORMALISED, 8);
  const v = load<u64>(record, RECIPROCAL);
  let r1 = load<u64>(DIVIDEND + (limbs << 3));
  let r0 = load<u64>(DIVIDEND + (limbs << 3) - 8);
  for (let i = (limbs << 3) - 8; i != 0; ) {
    i -= 8;
    const u0 = load<u64>(DIVIDEND + i);
    const low = v * r1;
    const q0 = low + r0;
    let q1 = mulHigh(v, r1) + r1 + u64(q0 < low);
    r1 = r0 - q1 * d1;
    // (r1, u0) - q1·d - d
    const t0 = d0 * q1;
    r1 = r1 - mulHigh(d0, q1) - u64(u0 < t0) - d1;
    r0 = u0 - t0;
    r1 -= u64(r0 < d0);
    r0 -= d0;
    q1++;
    if (r1 >= q0) {
      q1--;
      r0 += d0;
      r1 += d1 + u64(r0 < d0);
    }
    if (r1 > d1 || (r1 == d1 && r0 >= d0)) {
      q1++;
      r1 -= d1 + u64(r0 < d0);
      r0 -= d0;
    }
    store<u64>(QUOTIENT + i, q1);
  }
  store<u64>(DIVIDEND, r0);
  store<u64>(DIVIDEND, r1, 8);
}

/** Three or four limbs: each digit from the two highest, then the rest of the divisor is taken off (Knuth, algorithm D). */
function divideByMore(limbs: usize, record: usize, n: usize): void {
  const divisor = record + NORMALISED;
  const d1 = load<u64>(divisor + (n << 3) - 8);
  const d0 = load<u64>(divisor + (n << 3) - 16);
  const v = load<u64>(record, RECIPROCAL);
  const lower = (n << 3) - 16;
  let u2 = load<u64>(DIVIDEND + (limbs << 3));
  let u1 = load<u64>(DIVIDEND + (limbs << 3) - 8);
  for (let i = (limbs - n + 1) << 3; i != 0; ) {
    i -= 8;
    const at = DIVIDEND + i;
    const u0 = load<u64>(at + lower);
    let q: u64, r1: u64, r0: u64, over: u64;
    if (u2 == d1 && u1 == d0) {
      // The quotient would be 2^64.
      q = u64.MAX_VALUE;
      // The two highest limbs cancel: u - (2^64 - 1)·d = (0, u0) + d.
      r0 = u0 + d0;
      r1 = d1 + u64(r0 < d0);
      over = u64(r1 < d1);
    } else {
      const low = v * u2;
      const q0 = low + u1;
      q = mulHigh(v, u2) + u2 + u64(q0 < low);
      const t0 = d0 * q;
      r1 = u1 - q * d1 - mulHigh(d0, q) - u64(u0 < t0) - d1;
      r0 = u0 - t0;
      r1 -= u64(r0 < d0);
      r0 -= d0;
      q++;
      if (r1 >= q0) {
        q--;
        r0 += d0;
        r1 += d1 + u64(r0 < d0);
      }
      if (r1 > d1 || (r1 == d1 && r0 >= d0)) {
        q++;
        r1 -= d1 + u64(r0 < d0);
        r0 -= d0;
      }
      over = 0;
    }
    // The lower limbs of q·d.
    let borrow: u64 = 0;
    for (let k: usize = 0; k < lower; k += 8) {
      const d = load<u64>(divisor + k);
      const low = d * q + borrow;
      const u = load<u64>(at + k);
      borrow = mulHigh(d, q) + u64(low < borrow) + u64(u < low);
      store<u64>(at + k, u - low);
    }
    let under = u64(r0 < borrow);
    r0 -= borrow;
    over -= u64(r1 < under);
    r1 -= under;
    if (<i64>over < 0) {
      // One too large: the divisor comes back.
      q--;
      let carry: u64 = 0;
      for (let k: usize = 0; k < lower; k += 8) {
        const d = load<u64>(divisor + k);
        const s = load<u64>(at + k) + carry;
        const sum = s + d;
        carry = u64(s < carry) + u64(sum < d);
        store<u64>(at + k, sum);
      }
      const s = r0 + carry;
      carry = u64(s < carry);
      r0 = s + d0;
      r1 += d1 + carry + u64(r0 < d0);
    }
    u2 = r1;
    u1 = r0;
    store<u64>(QUOTIENT + i, q);
  }
  store<u64>(DIVIDEND + lower, u1);
  store<u64>(DIVIDEND + lower, u2, 8);
}

/** out = the remainder that is in DIVIDEND. */
export function takeRemainder(out: usize, record: usize): void {
  const n = load<u32>(record, LIMBS);
  const shift = load<u64>(record, SHIFT);
  const back = 63 - shift;
  const r0 = load<u64>(DIVIDEND);
  const r1 = n > 1 ? load<u64>(DIVIDEND, 8) : 0;
  const r2 = n > 2 ? load<u64>(DIVIDEND, 16) : 0;
  const r3 = n > 3 ? load<u64>(DIVIDEND, 24) : 0;
  setLimbs(
    out,
    (r0 >> shift) | ((r1 << 1) << back),
    (r1 >> shift) | ((r2 << 1) << back),
    (r2 >> shift) | ((r3 << 1) << back),
    r3 >> shift,
  );
}

/** Limbs without leading zeros. */
// @ts-ignore: decorator
@inline
export function limbsOf(a: usize): usize {
  return load<u64>(a, 24) != 0 ? 4 : load<u64>(a, 16) != 0 ? 3 : load<u64>(a, 8) != 0 ? 2 : 1;
}

/** out = a and (2^bits - 1), bits < 256. */
export function lowBits(out: usize, a: usize, bits: u64): void {
  const mask = ((<u64>1) << (bits & 63)) - 1;
  const limb = bits >> 6;
  setLimbs(
    out,
    load<u64>(a) & (limb > 0 ? u64.MAX_VALUE : mask),
    load<u64>(a, 8) & (limb > 1 ? u64.MAX_VALUE : limb == 1 ? mask : 0),
    load<u64>(a, 16) & (limb > 2 ? u64.MAX_VALUE : limb == 2 ? mask : 0),
    load<u64>(a, 24) & (limb == 3 ? mask : 0),
  );
}

/** out = a / b; 0 when b = 0. */
export function div(out: usize, a: usize, b: usize): void {
  const highA = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
  const highB = load<u64>(b, 8) | load<u64>(b, 16) | load<u64>(b, 24);
  if (highB == 0) {
    const b0 = load<u64>(b);
    if (b0 == 0) {
      setLimbs(out, 0, 0, 0, 0);
      return;
    }
    if (highA == 0) {
      setLimbs(out, load<u64>(a) / b0, 0, 0, 0);
      return;
    }
  } else if (lessThan(a, b)) {
    setLimbs(out, 0, 0, 0, 0);
    return;
  }
  const record = recordOf(b);
  const n = <usize>load<u32>(record, LIMBS);
  if (n == 0) {
    shiftRight(out, a, load<u64>(record, SHIFT), 0);
    return;
  }
  const m = limbsOf(a);
  shiftWord(a, load<u64>(record, SHIFT));
  divideShifted(m, record);
  const kept = m - n;
  setLimbs(
    out,
    load<u64>(QUOTIENT),
    kept > 0 ? load<u64>(QUOTIENT, 8) : 0,
    kept > 1 ? load<u64>(QUOTIENT, 16) : 0,
    kept > 2 ? load<u64>(QUOTIENT, 24) : 0,
  );
}

/** out = a mod b; 0 when b = 0. */
export function mod(out: usize, a: usize, b: usize): void {
  const highA = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
  const highB = load<u64>(b, 8) | load<u64>(b, 16) | load<u64>(b, 24);
  if (highB == 0) {
    const b0 = load<u64>(b);
    if (b0 == 0) {
      setLimbs(out, 0, 0, 0, 0);
      return;
    }
    if (highA == 0) {
      setLimbs(out, load<u64>(a) % b0, 0, 0, 0);
      return;
    }
  } else if (lessThan(a, b)) {
    copyWord(out, a);
    return;
  }
  const record = recordOf(b);
  if (load<u32>(record, LIMBS) == 0) {
    lowBits(out, a, load<u64>(record, SHIFT));
    return;
  }
  shiftWord(a, load<u64>(record, SHIFT));
  divideShifted(limbsOf(a), record);
  takeRemainder(out, record);
}

const LEFT = memory.data(32, 16);
const RIGHT = memory.data(32, 16);

/** out = a / b truncated, two's complement; 0 when b = 0; -2^255 when a = -2^255 and b = -1. */
export function sdiv(out: usize, a: usize, b: usize): void {
  const negative = isNegative(a) != isNegative(b);
  if (isNegative(a)) {
    negate(LEFT, a);
    a = LEFT;
  }
  if (isNegative(b)) {
    negate(RIGHT, b);
    b = RIGHT;
  }
  div(out, a, b);
  if (negative) negate(out, out);
}

/** out = a mod b with the sign of a, two's complement; 0 when b = 0. */
export function smod(out: usize, a: usize, b: usize): void {
  const negative = isNegative(a);
  if (negative) {
    negate(LEFT, a);
    a = LEFT;
  }
  if (isNegative(b)) {
    negate(RIGHT, b);
    b = RIGHT;
  }
  mod(out, a, b);
  if (negative) negate(out, out);
}
