// ADDMOD and MULMOD: the remainders of a 257-bit sum and of a 512-bit product.

import {
  BARRETT,
  divide,
  DIVIDEND,
  divideShifted,
  LIMBS,
  limbsOf,
  lowBits,
  mod,
  NORMALISED,
  QUOTIENT,
  recordOf,
  SHIFT,
  takeRemainder,
  USES,
} from './division';
import { mul, mulHigh, mulWide } from './u256';
import { addWord, copyWord, isZero, lessThan, setLimbs, subtractWord } from './words';

const LOW: u64 = 0xffffffff;
/** The 512-bit product, or the 320-bit sum; its upper half. */
const PRODUCT = memory.data(64, 64);
const HIGH = PRODUCT + 32;
const ESTIMATE = memory.data(32, 64);
const LEFT = memory.data(32, 64);

/** out = (a + b) mod n of the 257-bit sum; 0 when n = 0. */
export function addmod(out: usize, a: usize, b: usize, n: usize): void {
  if (isZero(n)) {
    setLimbs(out, 0, 0, 0, 0);
    return;
  }
  // Beside `out` may be any of the inputs.
  addWord(PRODUCT, a, b);
  const carry = lessThan(PRODUCT, a);
  if (lessThan(a, n) && lessThan(b, n)) {
    if (carry || !lessThan(PRODUCT, n)) subtractWord(out, PRODUCT, n);
    else copyWord(out, PRODUCT);
  } else if (!carry) mod(out, PRODUCT, n);
  else {
    store<u64>(PRODUCT, 1, 32);
    remainder(out, 5, n);
  }
}

/** out = the `limbs` limbs of PRODUCT mod n. n != 0. */
function remainder(out: usize, limbs: usize, n: usize): void {
  const record = recordOf(n);
  if (load<u32>(record, LIMBS) == 0) {
    lowBits(out, PRODUCT, load<u64>(record, SHIFT));
    return;
  }
  divide(PRODUCT, limbs, record);
  takeRemainder(out, record);
}

/** out = a · b mod n of the 512-bit product; 0 when n = 0. */
export function mulmod(out: usize, a: usize, b: usize, n: usize): void {
  if ((load<u64>(a, 16) | load<u64>(a, 24) | load<u64>(b, 16) | load<u64>(b, 24)) == 0) {
    mul(PRODUCT, a, b);
    mod(out, PRODUCT, n);
    return;
  }
  const n0 = load<u64>(n);
  const n1 = load<u64>(n, 8);
  const n2 = load<u64>(n, 16);
  const n3 = load<u64>(n, 24);
  if (n3 == 0) {
    if ((n0 | n1 | n2) == 0) {
      setLimbs(out, 0, 0, 0, 0);
      return;
    }
    mulWide(PRODUCT, a, b);
    remainder(out, 8, n);
    return;
  }
  if ((n1 & n2 & n3) == u64.MAX_VALUE && n0 != 0) {
    mulWide(PRODUCT, a, b);
    fold(out, 0 - n0);
    return;
  }
  const record = recordOf(n);
  if (load<u32>(record, LIMBS) == 0) {
    mul(PRODUCT, a, b);
    lowBits(out, PRODUCT, load<u64>(record, SHIFT));
    return;
  }
  // A modulus seen for the first time is not worth its Barrett reciprocal.
  if (load<u32>(record, USES) == 0) {
    store<u32>(record, 1, USES);
    mulWide(PRODUCT, a, b);
    remainder(out, 8, n);
    return;
  }
  // One factor must be less than n, so that the product is less than n · 2^256.
  if (!lessThan(a, n)) {
    if (lessThan(b, n)) {
      const less = b;
      b = a;
      a = less;
    } else {
      mod(LEFT, a, n);
      a = LEFT;
    }
  }
  if (load<u32>(record, USES) == 1) prepareBarrett(record);
  // (a · b mod n) · 2^shift = (a · 2^shift · b) mod (n · 2^shift), and a · 2^shift is a word because a < n.
  const shift = load<u64>(record, SHIFT);
  if (shift == 0) {
    mulWide(PRODUCT, a, b);
    reduce(record + NORMALISED, record + BARRETT);
    copyWord(out, DIVIDEND);
    return;
  }
  const back = 64 - shift;
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  setLimbs(
    LEFT,
    a0 << shift,
    (a1 << shift) | (a0 >> back),
    (a2 << shift) | (a1 >> back),
    (load<u64>(a, 24) << shift) | (a2 >> back),
  );
  mulWide(PRODUCT, LEFT, b);
  reduce(record + NORMALISED, record + BARRETT);
  takeRemainder(out, record);
}

/** out = PRODUCT mod n for n = 2^256 - c, 0 < c < 2^64: 2^256 is c. Of 2^256 - 1 (full products) and the field of secp256k1. */
function fold(out: usize, c: u64): void {
  const h0 = load<u64>(HIGH);
  const h1 = load<u64>(HIGH, 8);
  const h2 = load<u64>(HIGH, 16);
  const h3 = load<u64>(HIGH, 24);
  // low + high · c: 320 bits.
  let t = h0 * c;
  let r0 = load<u64>(PRODUCT) + t;
  let carry = mulHigh(h0, c) + u64(r0 < t);
  let u = h1 * c;
  t = u + carry;
  carry = mulHigh(h1, c) + u64(t < u);
  let r1 = load<u64>(PRODUCT, 8) + t;
  carry += u64(r1 < t);
  u = h2 * c;
  t = u + carry;
  carry = mulHigh(h2, c) + u64(t < u);
  let r2 = load<u64>(PRODUCT, 16) + t;
  carry += u64(r2 < t);
  u = h3 * c;
  t = u + carry;
  carry = mulHigh(h3, c) + u64(t < u);
  let r3 = load<u64>(PRODUCT, 24) + t;
  carry += u64(r3 < t);
  // The highest limb is less than c: once more.
  t = carry * c;
  r0 += t;
  t = mulHigh(carry, c) + u64(r0 < t);
  r1 += t;
  t = u64(r1 < t);
  r2 += t;
  t = u64(r2 < t);
  r3 += t;
  if (r3 < t) {
    // And 2^256 is c again; what is left is small.
    r0 += c;
    t = u64(r0 < c);
    r1 += t;
    t = u64(r1 < t);
    r2 += t;
    r3 += u64(r2 < t);
  }
  if ((r1 & r2 & r3) == u64.MAX_VALUE && r0 >= 0 - c) setLimbs(out, r0 + c, 0, 0, 0);
  else setLimbs(out, r0, r1, r2, r3);
}

/** BARRETT = floor((2^512 - 1) / d) - 2^256 of the normalised divisor d: (2^512 - 1 - d·2^256) / d. */
function prepareBarrett(record: usize): void {
  for (let i: usize = 0; i < 32; i += 8) {
    store<u64>(DIVIDEND + i, u64.MAX_VALUE);
    store<u64>(DIVIDEND + i, ~load<u64>(record + NORMALISED + i), 32);
  }
  store<u64>(DIVIDEND, 0, 64);
  divideShifted(8, record);
  copyWord(record + BARRETT, QUOTIENT);
  copyWord(record + BARRETT + 16, QUOTIENT + 16);
  store<u32>(record, 2, USES);
}

/**
 * DIVIDEND = PRODUCT mod d, for PRODUCT < d·2^256 and d >= 2^255; v is d's BARRETT.
 *
 * Barrett in 32-bit digits, row by row like `mulFull`. The quotient is estimated as high + high·v / 2^256 without the
 * six lowest columns of the product: at most 4 too small. Then product - estimate·d is less than 5·d, so that nine
 * digits of it are enough.
 */
function reduce(d: usize, v: usize): void {
  const v0 = <u64>load<u32>(v);
  const v1 = <u64>load<u32>(v, 4);
  const v2 = <u64>load<u32>(v, 8);
  const v3 = <u64>load<u32>(v, 12);
  const v4 = <u64>load<u32>(v, 16);
  const v5 = <u64>load<u32>(v, 20);
  const v6 = <u64>load<u32>(v, 24);
  const v7 = <u64>load<u32>(v, 28);
  let x: u64, t: u64;
  let q6: u64, q7: u64, q8: u64, q9: u64, q10: u64, q11: u64, q12: u64, q13: u64, q14: u64, q15: u64;
  x = <u64>load<u32>(HIGH);
  t = x * v6;
  q6 = t & LOW;
  t = x * v7 + (t >> 32);
  q7 = t & LOW;
  q8 = t >> 32;
  x = <u64>load<u32>(HIGH, 4);
  t = x * v5 + q6;
  q6 = t & LOW;
  t = x * v6 + q7 + (t >> 32);
  q7 = t & LOW;
  t = x * v7 + q8 + (t >> 32);
  q8 = t & LOW;
  q9 = t >> 32;
  x = <u64>load<u32>(HIGH, 8);
  t = x * v4 + q6;
  q6 = t & LOW;
  t = x * v5 + q7 + (t >> 32);
  q7 = t & LOW;
  t = x * v6 + q8 + (t >> 32);
  q8 = t & LOW;
  t = x * v7 + q9 + (t >> 32);
  q9 = t & LOW;
  q10 = t >> 32;
  x = <u64>load<u32>(HIGH, 12);
  t = x * v3 + q6;
  q6 = t & LOW;
  t = x * v4 + q7 + (t >> 32);
  q7 = t & LOW;
  t = x * v5 + q8 + (t >> 32);
  q8 = t & LOW;
  t = x * v6 + q9 + (t >> 32);
  q9 = t & LOW;
  t = x * v7 + q10 + (t >> 32);
  q10 = t & LOW;
  q11 = t >> 32;
  x = <u64>load<u32>(HIGH, 16);
  t = x * v2 + q6;
  q6 = t & LOW;
  t = x * v3 + q7 + (t >> 32);
  q7 = t & LOW;
  t = x * v4 + q8 + (t >> 32);
  q8 = t & LOW;
  t = x * v5 + q9 + (t >> 32);
  q9 = t & LOW;
  t = x * v6 + q10 + (t >> 32);
  q10 = t & LOW;
  t = x * v7 + q11 + (t >> 32);
  q11 = t & LOW;
  q12 = t >> 32;
  x = <u64>load<u32>(HIGH, 20);
  t = x * v1 + q6;
  q6 = t & LOW;
  t = x * v2 + q7 + (t >> 32);
  q7 = t & LOW;
  t = x * v3 + q8 + (t >> 32);
  q8 = t & LOW;
  t = x * v4 + q9 + (t >> 32);
  q9 = t & LOW;
  t = x * v5 + q10 + (t >> 32);
  q10 = t & LOW;
  t = x * v6 + q11 + (t >> 32);
  q11 = t & LOW;
  t = x * v7 + q12 + (t >> 32);
  q12 = t & LOW;
  q13 = t >> 32;
  x = <u64>load<u32>(HIGH, 24);
  t = x * v0 + q6;
  q6 = t & LOW;
  t = x * v1 + q7 + (t >> 32);
  q7 = t & LOW;
  t = x * v2 + q8 + (t >> 32);
  q8 = t & LOW;
  t = x * v3 + q9 + (t >> 32);
  q9 = t & LOW;
  t = x * v4 + q10 + (t >> 32);
  q10 = t & LOW;
  t = x * v5 + q11 + (t >> 32);
  q11 = t & LOW;
  t = x * v6 + q12 + (t >> 32);
  q12 = t & LOW;
  t = x * v7 + q13 + (t >> 32);
  q13 = t & LOW;
  q14 = t >> 32;
  x = <u64>load<u32>(HIGH, 28);
  t = x * v0 + q7;
  q7 = t & LOW;
  t = x * v1 + q8 + (t >> 32);
  q8 = t & LOW;
  t = x * v2 + q9 + (t >> 32);
  q9 = t & LOW;
  t = x * v3 + q10 + (t >> 32);
  q10 = t & LOW;
  t = x * v4 + q11 + (t >> 32);
  q11 = t & LOW;
  t = x * v5 + q12 + (t >> 32);
  q12 = t & LOW;
  t = x * v6 + q13 + (t >> 32);
  q13 = t & LOW;
  t = x * v7 + q14 + (t >> 32);
  q14 = t & LOW;
  q15 = t >> 32;
  const h0 = load<u64>(HIGH);
  const h1 = load<u64>(HIGH, 8);
  const h2 = load<u64>(HIGH, 16);
  const e0 = h0 + (q8 | (q9 << 32));
  let carry = u64(e0 < h0);
  const s1 = h1 + (q10 | (q11 << 32));
  const e1 = s1 + carry;
  carry = u64(s1 < h1) | u64(e1 < s1);
  const s2 = h2 + (q12 | (q13 << 32));
  const e2 = s2 + carry;
  carry = u64(s2 < h2) | u64(e2 < s2);
  setLimbs(ESTIMATE, e0, e1, e2, load<u64>(HIGH, 24) + (q14 | (q15 << 32)) + carry);

  const n0 = <u64>load<u32>(d);
  const n1 = <u64>load<u32>(d, 4);
  const n2 = <u64>load<u32>(d, 8);
  const n3 = <u64>load<u32>(d, 12);
  const n4 = <u64>load<u32>(d, 16);
  const n5 = <u64>load<u32>(d, 20);
  const n6 = <u64>load<u32>(d, 24);
  const n7 = <u64>load<u32>(d, 28);
  let p0: u64, p1: u64, p2: u64, p3: u64, p4: u64, p5: u64, p6: u64, p7: u64, p8: u64;
  x = <u64>load<u32>(ESTIMATE);
  t = x * n0;
  p0 = t & LOW;
  t = x * n1 + (t >> 32);
  p1 = t & LOW;
  t = x * n2 + (t >> 32);
  p2 = t & LOW;
  t = x * n3 + (t >> 32);
  p3 = t & LOW;
  t = x * n4 + (t >> 32);
  p4 = t & LOW;
  t = x * n5 + (t >> 32);
  p5 = t & LOW;
  t = x * n6 + (t >> 32);
  p6 = t & LOW;
  p7 = x * n7 + (t >> 32);
  x = <u64>load<u32>(ESTIMATE, 4);
  t = x * n0 + p1;
  p1 = t & LOW;
  t = x * n1 + p2 + (t >> 32);
  p2 = t & LOW;
  t = x * n2 + p3 + (t >> 32);
  p3 = t & LOW;
  t = x * n3 + p4 + (t >> 32);
  p4 = t & LOW;
  t = x * n4 + p5 + (t >> 32);
  p5 = t & LOW;
  t = x * n5 + p6 + (t >> 32);
  p6 = t & LOW;
  p7 += x * n6 + (t >> 32);
  p8 = x * n7;
  x = <u64>load<u32>(ESTIMATE, 8);
  t = x * n0 + p2;
  p2 = t & LOW;
  t = x * n1 + p3 + (t >> 32);
  p3 = t & LOW;
  t = x * n2 + p4 + (t >> 32);
  p4 = t & LOW;
  t = x * n3 + p5 + (t >> 32);
  p5 = t & LOW;
  t = x * n4 + p6 + (t >> 32);
  p6 = t & LOW;
  p7 += x * n5 + (t >> 32);
  p8 += x * n6;
  x = <u64>load<u32>(ESTIMATE, 12);
  t = x * n0 + p3;
  p3 = t & LOW;
  t = x * n1 + p4 + (t >> 32);
  p4 = t & LOW;
  t = x * n2 + p5 + (t >> 32);
  p5 = t & LOW;
  t = x * n3 + p6 + (t >> 32);
  p6 = t & LOW;
  p7 += x * n4 + (t >> 32);
  p8 += x * n5;
  x = <u64>load<u32>(ESTIMATE, 16);
  t = x * n0 + p4;
  p4 = t & LOW;
  t = x * n1 + p5 + (t >> 32);
  p5 = t & LOW;
  t = x * n2 + p6 + (t >> 32);
  p6 = t & LOW;
  p7 += x * n3 + (t >> 32);
  p8 += x * n4;
  x = <u64>load<u32>(ESTIMATE, 20);
  t = x * n0 + p5;
  p5 = t & LOW;
  t = x * n1 + p6 + (t >> 32);
  p6 = t & LOW;
  p7 += x * n2 + (t >> 32);
  p8 += x * n3;
  x = <u64>load<u32>(ESTIMATE, 24);
  t = x * n0 + p6;
  p6 = t & LOW;
  p7 += x * n1 + (t >> 32);
  p8 += x * n2;
  x = <u64>load<u32>(ESTIMATE, 28);
  p7 += x * n0;
  p8 += x * n1;
  // p7 and p8 are the 64 bits from 224 on.
  p7 += p8 << 32;
  const d0 = n0 | (n1 << 32);
  const d1 = n2 | (n3 << 32);
  const d2 = n4 | (n5 << 32);
  const d3 = n6 | (n7 << 32);
  let l = load<u64>(PRODUCT);
  let m = p0 | (p1 << 32);
  let r0 = l - m;
  let borrow = u64(l < m);
  l = load<u64>(PRODUCT, 8);
  m = p2 | (p3 << 32);
  t = l - m;
  let r1 = t - borrow;
  borrow = u64(l < m) | u64(t < borrow);
  l = load<u64>(PRODUCT, 16);
  m = p4 | (p5 << 32);
  t = l - m;
  let r2 = t - borrow;
  borrow = u64(l < m) | u64(t < borrow);
  l = load<u64>(PRODUCT, 24);
  m = p6 | (p7 << 32);
  t = l - m;
  let r3 = t - borrow;
  borrow = u64(l < m) | u64(t < borrow);
  let r4 = (h0 - (p7 >> 32) - borrow) & LOW;
  while (r4 != 0 || r3 > d3 || (r3 == d3 && (r2 > d2 || (r2 == d2 && (r1 > d1 || (r1 == d1 && r0 >= d0)))))) {
    borrow = u64(r0 < d0);
    r0 -= d0;
    t = r1 - d1;
    let next = u64(r1 < d1) | u64(t < borrow);
    r1 = t - borrow;
    borrow = next;
    t = r2 - d2;
    next = u64(r2 < d2) | u64(t < borrow);
    r2 = t - borrow;
    borrow = next;
    t = r3 - d3;
    next = u64(r3 < d3) | u64(t < borrow);
    r3 = t - borrow;
    r4 -= next;
  }
  setLimbs(DIVIDEND, r0, r1, r2, r3);
}
