// 256-bit arithmetic on words in linear memory: 32 bytes as four little-endian 64-bit limbs, the lowest first. Every
// `out` may be one of the inputs: inputs are read before anything is written.

import { copyWord, setLimbs } from './words';

const LOW: u64 = 0xffffffff;

/** The high half of a 128-bit product. */
// @ts-ignore: decorator
@inline
export function mulHigh(a: u64, b: u64): u64 {
  const al = a & LOW;
  const ah = a >> 32;
  const bl = b & LOW;
  const bh = b >> 32;
  const t = ah * bl + ((al * bl) >> 32);
  return ah * bh + (t >> 32) + ((al * bh + (t & LOW)) >> 32);
}

/** Significant bytes, 0 … 32. */
export function byteLength(a: usize): i32 {
  let limb = load<u64>(a, 24);
  if (limb != 0) return 32 - (<i32>clz(limb) >> 3);
  limb = load<u64>(a, 16);
  if (limb != 0) return 24 - (<i32>clz(limb) >> 3);
  limb = load<u64>(a, 8);
  if (limb != 0) return 16 - (<i32>clz(limb) >> 3);
  limb = load<u64>(a);
  return 8 - (<i32>clz(limb) >> 3);
}

/** out = a shifted to the right by less than 256; what comes in from above is `sign`, 0 or -1. */
// @ts-ignore: decorator
@inline
export function shiftRight(out: usize, a: usize, shift: u64, sign: i64): void {
  let w0 = load<u64>(a);
  let w1 = load<u64>(a, 8);
  let w2 = load<u64>(a, 16);
  let w3 = load<u64>(a, 24);
  if (shift & 128) {
    w0 = w2;
    w1 = w3;
    w2 = sign;
    w3 = sign;
  }
  if (shift & 64) {
    w0 = w1;
    w1 = w2;
    w2 = w3;
    w3 = sign;
  }
  // The shift the other way in two steps: by 64 in all when the bits are 0.
  const back = 63 - (shift & 63);
  setLimbs(
    out,
    (w0 >> shift) | ((w1 << 1) << back),
    (w1 >> shift) | ((w2 << 1) << back),
    (w2 >> shift) | ((w3 << 1) << back),
    (w3 >> shift) | (((<u64>sign) << 1) << back),
  );
}

/** out = a · x mod 2^256. */
function mulByLimb(out: usize, a: usize, x: u64): void {
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const r0 = load<u64>(a) * x;
  let r1 = mulHigh(load<u64>(a), x);
  let t = a1 * x;
  r1 += t;
  let r2 = mulHigh(a1, x) + u64(r1 < t);
  t = a2 * x;
  r2 += t;
  const r3 = mulHigh(a2, x) + u64(r2 < t) + load<u64>(a, 24) * x;
  setLimbs(out, r0, r1, r2, r3);
}

/** out = a · b mod 2^256. */
export function mul(out: usize, a: usize, b: usize): void {
  const aHigh = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
  const bHigh = load<u64>(b, 8) | load<u64>(b, 16) | load<u64>(b, 24);
  if (bHigh == 0) {
    const x = load<u64>(b);
    if (aHigh == 0) setLimbs(out, load<u64>(a) * x, mulHigh(load<u64>(a), x), 0, 0);
    else mulByLimb(out, a, x);
  } else if (aHigh == 0) mulByLimb(out, b, load<u64>(a));
  else if ((load<u64>(a, 16) | load<u64>(a, 24) | load<u64>(b, 16) | load<u64>(b, 24)) == 0) mulHalves(out, a, b);
  else mulFull(out, a, b);
}

/** out = a · b of two limbs each. */
function mulHalves(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  // A row of two limbs by one and what is carried into it fits in three.
  let t = a1 * b0;
  const s1 = mulHigh(a0, b0) + t;
  const s2 = mulHigh(a1, b0) + u64(s1 < t);
  t = a0 * b1;
  const r1 = s1 + t;
  const c1 = mulHigh(a0, b1) + u64(r1 < t);
  t = a1 * b1;
  const u2 = s2 + t;
  const r2 = u2 + c1;
  setLimbs(out, a0 * b0, r1, r2, mulHigh(a1, b1) + u64(u2 < t) + u64(r2 < c1));
}

/**
 * Row by row in 32-bit digits, which need no carry flags: a product and two digits fit in 64 bits. The two highest
 * digits of the result need no masks. Measured beside columns of 64-bit limbs with compares for carries: 5 to 20 % faster.
 */
function mulFull(out: usize, a: usize, b: usize): void {
  const b0 = <u64>load<u32>(b);
  const b1 = <u64>load<u32>(b, 4);
  const b2 = <u64>load<u32>(b, 8);
  const b3 = <u64>load<u32>(b, 12);
  const b4 = <u64>load<u32>(b, 16);
  const b5 = <u64>load<u32>(b, 20);
  const b6 = <u64>load<u32>(b, 24);
  const b7 = <u64>load<u32>(b, 28);
  let x: u64, t: u64, r0: u64, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r6: u64, r7: u64;
  x = <u64>load<u32>(a);
  t = x * b0;
  r0 = t & LOW;
  t = x * b1 + (t >> 32);
  r1 = t & LOW;
  t = x * b2 + (t >> 32);
  r2 = t & LOW;
  t = x * b3 + (t >> 32);
  r3 = t & LOW;
  t = x * b4 + (t >> 32);
  r4 = t & LOW;
  t = x * b5 + (t >> 32);
  r5 = t & LOW;
  r6 = x * b6 + (t >> 32);
  r7 = x * b7;
  x = <u64>load<u32>(a, 4);
  t = x * b0 + r1;
  r1 = t & LOW;
  t = x * b1 + r2 + (t >> 32);
  r2 = t & LOW;
  t = x * b2 + r3 + (t >> 32);
  r3 = t & LOW;
  t = x * b3 + r4 + (t >> 32);
  r4 = t & LOW;
  t = x * b4 + r5 + (t >> 32);
  r5 = t & LOW;
  r6 += x * b5 + (t >> 32);
  r7 += x * b6;
  x = <u64>load<u32>(a, 8);
  t = x * b0 + r2;
  r2 = t & LOW;
  t = x * b1 + r3 + (t >> 32);
  r3 = t & LOW;
  t = x * b2 + r4 + (t >> 32);
  r4 = t & LOW;
  t = x * b3 + r5 + (t >> 32);
  r5 = t & LOW;
  r6 += x * b4 + (t >> 32);
  r7 += x * b5;
  x = <u64>load<u32>(a, 12);
  t = x * b0 + r3;
  r3 = t & LOW;
  t = x * b1 + r4 + (t >> 32);
  r4 = t & LOW;
  t = x * b2 + r5 + (t >> 32);
  r5 = t & LOW;
  r6 += x * b3 + (t >> 32);
  r7 += x * b4;
  x = <u64>load<u32>(a, 16);
  t = x * b0 + r4;
  r4 = t & LOW;
  t = x * b1 + r5 + (t >> 32);
  r5 = t & LOW;
  r6 += x * b2 + (t >> 32);
  r7 += x * b3;
  x = <u64>load<u32>(a, 20);
  t = x * b0 + r5;
  r5 = t & LOW;
  r6 += x * b1 + (t >> 32);
  r7 += x * b2;
  x = <u64>load<u32>(a, 24);
  r6 += x * b0;
  r7 += x * b1;
  x = <u64>load<u32>(a, 28);
  r7 += x * b0;
  setLimbs(out, r0 | (r1 << 32), r2 | (r3 << 32), r4 | (r5 << 32), r6 + (r7 << 32));
}

/** out (64 bytes, not an input) = a · b, like `mulFull`. Columns of 64-bit limbs take 40 % longer. */
export function mulWide(out: usize, a: usize, b: usize): void {
  const b0 = <u64>load<u32>(b);
  const b1 = <u64>load<u32>(b, 4);
  const b2 = <u64>load<u32>(b, 8);
  const b3 = <u64>load<u32>(b, 12);
  const b4 = <u64>load<u32>(b, 16);
  const b5 = <u64>load<u32>(b, 20);
  const b6 = <u64>load<u32>(b, 24);
  const b7 = <u64>load<u32>(b, 28);
  let t: u64, r0: u64, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r6: u64, r7: u64;
  let r8: u64, r9: u64, r10: u64, r11: u64, r12: u64, r13: u64, r14: u64;
  let x = <u64>load<u32>(a);
  t = x * b0;
  r0 = t & LOW;
  t = x * b1 + (t >> 32);
  r1 = t & LOW;
  t = x * b2 + (t >> 32);
  r2 = t & LOW;
  t = x * b3 + (t >> 32);
  r3 = t & LOW;
  t = x * b4 + (t >> 32);
  r4 = t & LOW;
  t = x * b5 + (t >> 32);
  r5 = t & LOW;
  t = x * b6 + (t >> 32);
  r6 = t & LOW;
  t = x * b7 + (t >> 32);
  r7 = t & LOW;
  r8 = t >> 32;
  x = <u64>load<u32>(a, 4);
  t = x * b0 + r1;
  r1 = t & LOW;
  t = x * b1 + r2 + (t >> 32);
  r2 = t & LOW;
  t = x * b2 + r3 + (t >> 32);
  r3 = t & LOW;
  t = x * b3 + r4 + (t >> 32);
  r4 = t & LOW;
  t = x * b4 + r5 + (t >> 32);
  r5 = t & LOW;
  t = x * b5 + r6 + (t >> 32);
  r6 = t & LOW;
  t = x * b6 + r7 + (t >> 32);
  r7 = t & LOW;
  t = x * b7 + r8 + (t >> 32);
  r8 = t & LOW;
  r9 = t >> 32;
  store<u64>(out, r0 | (r1 << 32));
  x = <u64>load<u32>(a, 8);
  t = x * b0 + r2;
  r2 = t & LOW;
  t = x * b1 + r3 + (t >> 32);
  r3 = t & LOW;
  t = x * b2 + r4 + (t >> 32);
  r4 = t & LOW;
  t = x * b3 + r5 + (t >> 32);
  r5 = t & LOW;
  t = x * b4 + r6 + (t >> 32);
  r6 = t & LOW;
  t = x * b5 + r7 + (t >> 32);
  r7 = t & LOW;
  t = x * b6 + r8 + (t >> 32);
  r8 = t & LOW;
  t = x * b7 + r9 + (t >> 32);
  r9 = t & LOW;
  r10 = t >> 32;
  x = <u64>load<u32>(a, 12);
  t = x * b0 + r3;
  r3 = t & LOW;
  t = x * b1 + r4 + (t >> 32);
  r4 = t & LOW;
  t = x * b2 + r5 + (t >> 32);
  r5 = t & LOW;
  t = x * b3 + r6 + (t >> 32);
  r6 = t & LOW;
  t = x * b4 + r7 + (t >> 32);
  r7 = t & LOW;
  t = x * b5 + r8 + (t >> 32);
  r8 = t & LOW;
  t = x * b6 + r9 + (t >> 32);
  r9 = t & LOW;
  t = x * b7 + r10 + (t >> 32);
  r10 = t & LOW;
  r11 = t >> 32;
  store<u64>(out, r2 | (r3 << 32), 8);
  x = <u64>load<u32>(a, 16);
  t = x * b0 + r4;
  r4 = t & LOW;
  t = x * b1 + r5 + (t >> 32);
  r5 = t & LOW;
  t = x * b2 + r6 + (t >> 32);
  r6 = t & LOW;
  t = x * b3 + r7 + (t >> 32);
  r7 = t & LOW;
  t = x * b4 + r8 + (t >> 32);
  r8 = t & LOW;
  t = x * b5 + r9 + (t >> 32);
  r9 = t & LOW;
  t = x * b6 + r10 + (t >> 32);
  r10 = t & LOW;
  t = x * b7 + r11 + (t >> 32);
  r11 = t & LOW;
  r12 = t >> 32;
  x = <u64>load<u32>(a, 20);
  t = x * b0 + r5;
  r5 = t & LOW;
  t = x * b1 + r6 + (t >> 32);
  r6 = t & LOW;
  t = x * b2 + r7 + (t >> 32);
  r7 = t & LOW;
  t = x * b3 + r8 + (t >> 32);
  r8 = t & LOW;
  t = x * b4 + r9 + (t >> 32);
  r9 = t & LOW;
  t = x * b5 + r10 + (t >> 32);
  r10 = t & LOW;
  t = x * b6 + r11 + (t >> 32);
  r11 = t & LOW;
  t = x * b7 + r12 + (t >> 32);
  r12 = t & LOW;
  r13 = t >> 32;
  store<u64>(out, r4 | (r5 << 32), 16);
  x = <u64>load<u32>(a, 24);
  t = x * b0 + r6;
  r6 = t & LOW;
  t = x * b1 + r7 + (t >> 32);
  r7 = t & LOW;
  t = x * b2 + r8 + (t >> 32);
  r8 = t & LOW;
  t = x * b3 + r9 + (t >> 32);
  r9 = t & LOW;
  t = x * b4 + r10 + (t >> 32);
  r10 = t & LOW;
  t = x * b5 + r11 + (t >> 32);
  r11 = t & LOW;
  t = x * b6 + r12 + (t >> 32);
  r12 = t & LOW;
  t = x * b7 + r13 + (t >> 32);
  r13 = t & LOW;
  r14 = t >> 32;
  x = <u64>load<u32>(a, 28);
  t = x * b0 + r7;
  r7 = t & LOW;
  t = x * b1 + r8 + (t >> 32);
  r8 = t & LOW;
  t = x * b2 + r9 + (t >> 32);
  r9 = t & LOW;
  t = x * b3 + r10 + (t >> 32);
  r10 = t & LOW;
  t = x * b4 + r11 + (t >> 32);
  r11 = t & LOW;
  t = x * b5 + r12 + (t >> 32);
  r12 = t & LOW;
  t = x * b6 + r13 + (t >> 32);
  r13 = t & LOW;
  t = x * b7 + r14 + (t >> 32);
  store<u64>(out, r6 | (r7 << 32), 24);
  store<u64>(out, r8 | (r9 << 32), 32);
  store<u64>(out, r10 | (r11 << 32), 40);
  store<u64>(out, r12 | (r13 << 32), 48);
  store<u64>(out, t, 56);
}

const POWER = memory.data(32, 16);
const RESULT = memory.data(32, 16);

/** out = base ^ exponent mod 2^256: square and multiply from the exponent's highest bit. */
export function exp(out: usize, base: usize, exponent: usize): void {
  const base0 = load<u64>(base);
  const baseHigh = load<u64>(base, 8) | load<u64>(base, 16) | load<u64>(base, 24);
  const exponent0 = load<u64>(exponent);
  const exponentHigh = load<u64>(exponent, 8) | load<u64>(exponent, 16) | load<u64>(exponent, 24);
  if (base0 & 1) {
    if (baseHigh == 0 && base0 == 1) {
      setLimbs(out, 1, 0, 0, 0);
      return;
    }
  } else if (exponentHigh != 0 || exponent0 > 255) {
    // 2^256 divides it.
    setLimbs(out, 0, 0, 0, 0);
    return;
  } else if (baseHigh == 0 && i64.popcnt(base0) == 1) {
    powerOfTwo(out, exponent0 * <u64>i64.ctz(base0));
    return;
  }
  let limb: usize = 24;
  while (limb != 0 && load<u64>(exponent + limb) == 0) limb -= 8;
  let bits = load<u64>(exponent + limb);
  if (bits == 0) {
    setLimbs(out, 1, 0, 0, 0);
    return;
  }
  copyWord(POWER, base);
  copyWord(RESULT, base);
  const e0 = load<u64>(exponent);
  const e1 = load<u64>(exponent, 8);
  const e2 = load<u64>(exponent, 16);
  // The highest bit is the base itself.
  let left = 63 - <i32>clz(bits);
  bits <<= 63 - left;
  bits <<= 1;
  for (;;) {
    for (; left > 0; left--) {
      mul(RESULT, RESULT, RESULT);
      if (<i64>bits < 0) mul(RESULT, RESULT, POWER);
      bits <<= 1;
    }
    if (limb == 0) break;
    limb -= 8;
    bits = limb == 0 ? e0 : limb == 8 ? e1 : e2;
    left = 64;
  }
  copyWord(out, RESULT);
}

/** out = 2 ^ exponent mod 2^256. */
function powerOfTwo(out: usize, exponent: u64): void {
  setLimbs(out, 0, 0, 0, 0);
  if (exponent < 256) store<u64>(out + ((<usize>exponent >> 6) << 3), (<u64>1) << (exponent & 63));
}
