// 256-bit arithmetic on words in linear memory: 32 bytes as four little-endian 64-bit limbs, the lowest first. Every
// `out` may be one of the inputs: inputs are read before anything is written.

const LOW: u64 = 0xffffffff;

/** 32-bit digits of one division: 17 of the dividend, 8 of the divisor, 16 of the quotient. */
const DIVIDEND = memory.data(72, 16);
const DIVISOR = memory.data(32, 16);
const QUOTIENT = memory.data(64, 16);
const PRODUCT = memory.data(64, 16);

/** The high half of a 128-bit product. */
// @ts-ignore: decorator
@inline
function mulHigh(a: u64, b: u64): u64 {
  const al = a & LOW;
  const ah = a >> 32;
  const bl = b & LOW;
  const bh = b >> 32;
  const t = ah * bl + ((al * bl) >> 32);
  return ah * bh + (t >> 32) + ((al * bh + (t & LOW)) >> 32);
}

// @ts-ignore: decorator
@inline
export function setWord(out: usize, w0: u64, w1: u64, w2: u64, w3: u64): void {
  store<u64>(out, w0);
  store<u64>(out, w1, 8);
  store<u64>(out, w2, 16);
  store<u64>(out, w3, 24);
}

// @ts-ignore: decorator
@inline
export function copyWord(out: usize, a: usize): void {
  const low = v128.load(a);
  const high = v128.load(a, 16);
  v128.store(out, low);
  v128.store(out, high, 16);
}

// @ts-ignore: decorator
@inline
export function isZero(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

// @ts-ignore: decorator
@inline
export function isNegative(a: usize): bool {
  return load<i64>(a, 24) < 0;
}

// @ts-ignore: decorator
@inline
export function equal(a: usize, b: usize): bool {
  return (
    ((load<u64>(a) ^ load<u64>(b)) |
      (load<u64>(a, 8) ^ load<u64>(b, 8)) |
      (load<u64>(a, 16) ^ load<u64>(b, 16)) |
      (load<u64>(a, 24) ^ load<u64>(b, 24))) ==
    0
  );
}

/** Whether a < b, unsigned. */
export function lessThan(a: usize, b: usize): bool {
  let x = load<u64>(a, 24);
  let y = load<u64>(b, 24);
  if (x != y) return x < y;
  x = load<u64>(a, 16);
  y = load<u64>(b, 16);
  if (x != y) return x < y;
  x = load<u64>(a, 8);
  y = load<u64>(b, 8);
  if (x != y) return x < y;
  return load<u64>(a) < load<u64>(b);
}

/** Whether a < b as two's complement. */
// @ts-ignore: decorator
@inline
export function signedLessThan(a: usize, b: usize): bool {
  const x = load<i64>(a, 24);
  const y = load<i64>(b, 24);
  return x == y ? lessThan(a, b) : x < y;
}

/** out = in with its 32 bytes reversed: between a word and the big-endian bytes of EVM memory. */
// @ts-ignore: decorator
@inline
export function bswap32(out: usize, input: usize): void {
  const low = v128.load(input);
  const high = v128.load(input, 16);
  v128.store(out, v128.shuffle<u8>(high, high, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  v128.store(out, v128.shuffle<u8>(low, low, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), 16);
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

export function add(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const r0 = a0 + load<u64>(b);
  let carry = u64(r0 < a0);
  const s1 = a1 + load<u64>(b, 8);
  const r1 = s1 + carry;
  carry = u64(s1 < a1) | u64(r1 < s1);
  const s2 = a2 + load<u64>(b, 16);
  const r2 = s2 + carry;
  carry = u64(s2 < a2) | u64(r2 < s2);
  setWord(out, r0, r1, r2, load<u64>(a, 24) + load<u64>(b, 24) + carry);
}

export function sub(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  let borrow = u64(a0 < b0);
  const r0 = a0 - b0;
  const s1 = a1 - b1;
  const r1 = s1 - borrow;
  borrow = u64(a1 < b1) | u64(s1 < borrow);
  const s2 = a2 - b2;
  const r2 = s2 - borrow;
  borrow = u64(a2 < b2) | u64(s2 < borrow);
  setWord(out, r0, r1, r2, load<u64>(a, 24) - load<u64>(b, 24) - borrow);
}

/** out = -a, two's complement. */
export function negate(out: usize, a: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const r0 = 0 - a0;
  let borrow = u64(a0 != 0);
  const r1 = 0 - a1 - borrow;
  borrow |= u64(a1 != 0);
  const r2 = 0 - a2 - borrow;
  borrow |= u64(a2 != 0);
  setWord(out, r0, r1, r2, 0 - a3 - borrow);
}

/** out = a · b mod 2^256. */
export function mul(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const a2 = load<u64>(a, 16);
  const a3 = load<u64>(a, 24);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  const b2 = load<u64>(b, 16);
  const b3 = load<u64>(b, 24);
  if ((a1 | a2 | a3 | b1 | b2 | b3) == 0) {
    setWord(out, a0 * b0, mulHigh(a0, b0), 0, 0);
    return;
  }
  let r1 = mulHigh(a0, b0);
  let t = a0 * b1;
  r1 += t;
  let carry = u64(r1 < t);
  t = a1 * b0;
  r1 += t;
  carry += u64(r1 < t);
  let r2 = carry;
  t = mulHigh(a0, b1);
  r2 += t;
  carry = u64(r2 < t);
  t = mulHigh(a1, b0);
  r2 += t;
  carry += u64(r2 < t);
  t = a0 * b2;
  r2 += t;
  carry += u64(r2 < t);
  t = a1 * b1;
  r2 += t;
  carry += u64(r2 < t);
  t = a2 * b0;
  r2 += t;
  carry += u64(r2 < t);
  const r3 =
    carry + mulHigh(a0, b2) + mulHigh(a1, b1) + mulHigh(a2, b0) + a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
  setWord(out, a0 * b0, r1, r2, r3);
}

/** out (64 bytes) = a · b. */
function mulWide(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < 64; i += 8) store<u64>(out + i, 0);
  for (let i: usize = 0; i < 32; i += 4) {
    const digit = <u64>load<u32>(a + i);
    let carry: u64 = 0;
    for (let j: usize = 0; j < 32; j += 4) {
      const t = digit * <u64>load<u32>(b + j) + <u64>load<u32>(out + i + j) + carry;
      store<u32>(out + i + j, <u32>t);
      carry = t >> 32;
    }
    store<u32>(out + i + 32, <u32>carry);
  }
}

/** 32-bit digits of the number at `a` without leading zeros. */
function digitsOf(a: usize, most: i32): i32 {
  let digits = most;
  while (digits > 0 && load<u32>(a + ((<usize>digits - 1) << 2)) == 0) digits--;
  return digits;
}

/** quotient (`digits` digits) = u / v; remainder (a word) = u mod v. v != 0. */
function divide(quotient: usize, remainder: usize, u: usize, digits: i32, v: usize): void {
  const n = digitsOf(v, 8);
  const m = digitsOf(u, digits);
  memory.fill(QUOTIENT, 0, 64);
  const shift = clz(load<u32>(v + ((<usize>n - 1) << 2)));
  // Normalised: the divisor's highest bit is set.
  let low: u64 = 0;
  for (let i = 0; i < n; i++) {
    const digit = <u64>load<u32>(v + (<usize>i << 2));
    store<u32>(DIVISOR + (<usize>i << 2), <u32>((digit << shift) | low));
    low = (digit << shift) >> 32;
  }
  low = 0;
  for (let i = 0; i < m; i++) {
    const digit = <u64>load<u32>(u + (<usize>i << 2));
    store<u32>(DIVIDEND + (<usize>i << 2), <u32>((digit << shift) | low));
    low = (digit << shift) >> 32;
  }
  store<u32>(DIVIDEND + (<usize>m << 2), <u32>low);
  const top = <u64>load<u32>(DIVISOR + ((<usize>n - 1) << 2));
  const second = n > 1 ? <u64>load<u32>(DIVISOR + ((<usize>n - 2) << 2)) : 0;
  for (let j = m - n; j >= 0; j--) {
    const at = DIVIDEND + (<usize>j << 2);
    const end = at + (<usize>n << 2);
    const head = (<u64>load<u32>(end) << 32) | <u64>load<u32>(end - 4);
    let q = head / top;
    let rest = head - q * top;
    const third = n > 1 ? <u64>load<u32>(end - 8) : 0;
    while (q > LOW || q * second > ((rest << 32) | third)) {
      q--;
      rest += top;
      if (rest > LOW) break;
    }
    let carry: u64 = 0;
    let borrow: u64 = 0;
    for (let i: usize = 0; i < <usize>n << 2; i += 4) {
      const p = q * <u64>load<u32>(DIVISOR + i) + carry;
      carry = p >> 32;
      const t = <u64>load<u32>(at + i) - (p & LOW) - borrow;
      store<u32>(at + i, <u32>t);
      borrow = t >> 63;
    }
    const t = <u64>load<u32>(end) - carry - borrow;
    store<u32>(end, <u32>t);
    if (t >> 63) {
      q--;
      carry = 0;
      for (let i: usize = 0; i < <usize>n << 2; i += 4) {
        const s = <u64>load<u32>(DIVISOR + i) + <u64>load<u32>(at + i) + carry;
        store<u32>(at + i, <u32>s);
        carry = s >> 32;
      }
      store<u32>(end, load<u32>(end) + <u32>carry);
    }
    store<u32>(QUOTIENT + (<usize>j << 2), <u32>q);
  }
  if (quotient != 0) memory.copy(quotient, QUOTIENT, 32);
  if (remainder != 0) {
    const kept = m < n ? m : n;
    setWord(remainder, 0, 0, 0, 0);
    for (let i = 0; i < kept; i++) {
      const next = i + 1 <= m ? <u64>load<u32>(DIVIDEND + (<usize>(i + 1) << 2)) : 0;
      const digit = ((next << 32) | <u64>load<u32>(DIVIDEND + (<usize>i << 2))) >> shift;
      store<u32>(remainder + (<usize>i << 2), <u32>digit);
    }
  }
}

/** out = a / b; 0 when b = 0. */
export function div(out: usize, a: usize, b: usize): void {
  if (isZero(b)) setWord(out, 0, 0, 0, 0);
  else divide(out, 0, a, 8, b);
}

/** out = a mod b; 0 when b = 0. */
export function mod(out: usize, a: usize, b: usize): void {
  if (isZero(b)) setWord(out, 0, 0, 0, 0);
  else divide(0, out, a, 8, b);
}

const LEFT = memory.data(32, 16);
const RIGHT = memory.data(32, 16);

/** out = a / b truncated, two's complement; 0 when b = 0; -2^255 when a = -2^255 and b = -1. */
export function sdiv(out: usize, a: usize, b: usize): void {
  const negative = isNegative(a) != isNegative(b);
  if (isNegative(a)) negate(LEFT, a);
  else copyWord(LEFT, a);
  if (isNegative(b)) negate(RIGHT, b);
  else copyWord(RIGHT, b);
  div(out, LEFT, RIGHT);
  if (negative) negate(out, out);
}

/** out = a mod b with the sign of a, two's complement; 0 when b = 0. */
export function smod(out: usize, a: usize, b: usize): void {
  const negative = isNegative(a);
  if (negative) negate(LEFT, a);
  else copyWord(LEFT, a);
  if (isNegative(b)) negate(RIGHT, b);
  else copyWord(RIGHT, b);
  mod(out, LEFT, RIGHT);
  if (negative) negate(out, out);
}

/** out = (a + b) mod n of the 257-bit sum; 0 when n = 0. */
export function addmod(out: usize, a: usize, b: usize, n: usize): void {
  if (isZero(n)) {
    setWord(out, 0, 0, 0, 0);
    return;
  }
  let carry: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    const t = <u64>load<u32>(a + i) + <u64>load<u32>(b + i) + carry;
    store<u32>(PRODUCT + i, <u32>t);
    carry = t >> 32;
  }
  store<u32>(PRODUCT + 32, <u32>carry);
  divide(0, out, PRODUCT, 9, n);
}

/** out = a · b mod n of the 512-bit product; 0 when n = 0. */
export function mulmod(out: usize, a: usize, b: usize, n: usize): void {
  if (isZero(n)) {
    setWord(out, 0, 0, 0, 0);
    return;
  }
  mulWide(PRODUCT, a, b);
  divide(0, out, PRODUCT, 16, n);
}

const POWER = memory.data(32, 16);
const RESULT = memory.data(32, 16);
const EXPONENT = memory.data(32, 16);

/** out = base ^ exponent mod 2^256. */
export function exp(out: usize, base: usize, exponent: usize): void {
  copyWord(POWER, base);
  copyWord(EXPONENT, exponent);
  setWord(RESULT, 1, 0, 0, 0);
  const bytes = <usize>byteLength(EXPONENT);
  for (let i: usize = 0; i < bytes; i++) {
    const byte = <u32>load<u8>(EXPONENT + i);
    for (let bit: u32 = 0; bit < 8; bit++) {
      if ((byte >> bit) & 1) mul(RESULT, RESULT, POWER);
      mul(POWER, POWER, POWER);
    }
  }
  copyWord(out, RESULT);
}
