// Modular powers (EIP-198) of numbers of 1 … 64 words: Montgomery's method for odd moduli, truncated products for
// powers of two. Numbers are little-endian in words of 32 bits, so that a product and two carries fit 64.

/** Sixteen powers of the base. */
const TABLE = memory.data(16 * 256, 16);
/** The number 1. */
const ONE = memory.data(256, 16);
/** A product that is being made, with a word for its carry. */
const PRODUCT = memory.data(256 + 16, 16);
/** The result so far. */
const POWER = memory.data(256, 16);

let modulus: usize = 0;
let bytes: usize = 0;
/** -1/modulus mod 2^32, which is odd; 0 says that the modulus is R = 2^(8·bytes). */
let inverse: u32 = 0;
/** Whether a digit other than zero has been seen: before it the result is 1. */
let started: bool = false;

/** out = a·b/R mod modulus, both loops of a row in one. One of a and b is below the modulus, both are below R. */
function multiplyMontgomery(out: usize, a: usize, b: usize): void {
  const m = modulus;
  const n = bytes;
  const k = inverse;
  const t = PRODUCT;
  memory.fill(t, 0, n + 4);
  for (let i: usize = 0; i < n; i += 4) {
    const x = <u64>load<u32>(a + i);
    let c: u64 = x * <u64>load<u32>(b) + <u64>load<u32>(t);
    const q = <u64>(<u32>c * k);
    let d: u64 = (q * <u64>load<u32>(m) + (c & 0xffffffff)) >> 32;
    c >>= 32;
    for (let j: usize = 4; j < n; j += 4) {
      c += x * <u64>load<u32>(b + j) + <u64>load<u32>(t + j);
      d += q * <u64>load<u32>(m + j) + (c & 0xffffffff);
      store<u32>(t + j - 4, <u32>d);
      c >>= 32;
      d >>= 32;
    }
    c += d + <u64>load<u32>(t + n);
    store<u32>(t + n - 4, <u32>c);
    store<u32>(t + n, <u32>(c >> 32));
  }
  // t < 2·modulus. The difference is taken when it is not negative.
  let borrow: i64 = 0;
  for (let j: usize = 0; j < n; j += 4) {
    borrow += <i64>load<u32>(t + j) - <i64>load<u32>(m + j);
    store<u32>(out + j, <u32>borrow);
    borrow >>= 32;
  }
  if (borrow + <i64>load<u32>(t + n) < 0) memory.copy(out, t, n);
}

/** out = a·b mod R. */
function multiplyLow(out: usize, a: usize, b: usize): void {
  const n = bytes;
  const t = PRODUCT;
  memory.fill(t, 0, n);
  for (let i: usize = 0; i < n; i += 4) {
    const x = <u64>load<u32>(a + i);
    let c: u64 = 0;
    for (let j: usize = 0; i + j < n; j += 4) {
      c += x * <u64>load<u32>(b + j) + <u64>load<u32>(t + i + j);
      store<u32>(t + i + j, <u32>c);
      c >>= 32;
    }
  }
  memory.copy(out, t, n);
}

function multiply(out: usize, a: usize, b: usize): void {
  if (inverse !== 0) multiplyMontgomery(out, a, b);
  else multiplyLow(out, a, b);
}

/**
 * Starts a power of the number at `base` modulo the one at `m`, or modulo 2^(32·words) when `k` is 0. `square`: R²
 * modulo m. With `window`, exponents are taken in digits of four bits, which needs the powers up to the fifteenth.
 */
export function powerBegin(base: usize, m: usize, square: usize, words: u32, k: u32, window: bool): void {
  modulus = m;
  bytes = words << 2;
  inverse = k;
  started = false;
  memory.fill(ONE, 0, bytes);
  store<u32>(ONE, 1);
  if (k !== 0) {
    multiplyMontgomery(POWER, ONE, square);
    multiplyMontgomery(TABLE + 256, base, square);
  } else {
    memory.copy(POWER, ONE, bytes);
    memory.copy(TABLE + 256, base, bytes);
  }
  if (window) {
    for (let i: usize = 2; i < 16; i++) multiply(TABLE + (i << 8), TABLE + ((i - 1) << 8), TABLE + 256);
  }
}

/** Appends `length` bytes at `digits` to the exponent, big-endian. */
export function powerDigits(digits: usize, length: u32, window: bool): void {
  const step: u32 = window ? 4 : 1;
  const mask: u32 = window ? 15 : 1;
  for (let i: u32 = 0; i < length; i++) {
    const byte = <u32>load<u8>(digits + i);
    for (let shift: u32 = 8; shift !== 0;) {
      shift -= step;
      const digit = (byte >> shift) & mask;
      if (started) for (let j: u32 = 0; j < step; j++) multiply(POWER, POWER, POWER);
      if (digit === 0) continue;
      if (started) multiply(POWER, POWER, TABLE + (digit << 8));
      else memory.copy(POWER, TABLE + (digit << 8), bytes);
      started = true;
    }
  }
}

/** The power, below the modulus, at `out`. */
export function powerEnd(out: usize): void {
  if (inverse !== 0) multiplyMontgomery(out, POWER, ONE);
  else memory.copy(out, POWER, bytes);
}
