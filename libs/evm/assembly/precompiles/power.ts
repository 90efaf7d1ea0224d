// Modular powers (EIP-198) of numbers of 1 … 256 words: Montgomery's method for odd moduli, truncated products for
// powers of two. Numbers are little-endian in words of 32 bits, so that a product and two carries fit 64.

/** Sixteen powers of the base. */
const TABLE = memory.data(16 * 1024, 16);
/** The number 1. */
const ONE = memory.data(1024, 16);
/** A product that is being made, with a word for its carry. */
const PRODUCT = memory.data(1024 + 16, 16);
/** R² modulo the modulus: what takes a number into Montgomery's form. */
const SQUARE = memory.data(1024, 16);
/** The result so far. */
const POWER = memory.data(1024, 16);

let modulus: usize = 0;
let bytes: usize = 0;
/** -1/modulus mod 2^32, which is odd; 0 says that the modulus is R = 2^(8·bytes). */
let inverse: u32 = 0;
/** Whether a digit other than zero has been seen: before it the result is 1. */
let started: bool = false;

// Loops: V8 calls out for a bulk operation, which takes longer than a product of two words.

function clear(to: usize, n: usize): void {
  for (let j: usize = 0; j < n; j += 4) store<u32>(to + j, 0);
}

function copy(to: usize, from: usize, n: usize): void {
  for (let j: usize = 0; j < n; j += 4) store<u32>(to + j, load<u32>(from + j));
}

/** out = a·b/R mod modulus, both loops of a row in one. One of a and b is below the modulus, both are below R. */
function multiplyMontgomery(out: usize, a: usize, b: usize): void {
  const m = modulus;
  const n = bytes;
  const k = inverse;
  const t = PRODUCT;
  clear(t, n + 4);
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
  if (borrow + <i64>load<u32>(t + n) < 0) copy(out, t, n);
}

/** out = a·b mod R. */
function multiplyLow(out: usize, a: usize, b: usize): void {
  const n = bytes;
  const t = PRODUCT;
  clear(t, n);
  for (let i: usize = 0; i < n; i += 4) {
    const x = <u64>load<u32>(a + i);
    let c: u64 = 0;
    for (let j: usize = 0; i + j < n; j += 4) {
      c += x * <u64>load<u32>(b + j) + <u64>load<u32>(t + i + j);
      store<u32>(t + i + j, <u32>c);
      c >>= 32;
    }
  }
  copy(out, t, n);
}

function multiply(out: usize, a: usize, b: usize): void {
  if (inverse !== 0) multiplyMontgomery(out, a, b);
  else multiplyLow(out, a, b);
}

/** x = 2x mod modulus. */
function double(x: usize): void {
  const m = modulus;
  let carry: u32 = 0;
  let borrow: i64 = 0;
  for (let j: usize = 0; j < bytes; j += 4) {
    const word = load<u32>(x + j);
    const twice = (word << 1) | carry;
    carry = word >> 31;
    store<u32>(x + j, twice);
    borrow += <i64>twice - <i64>load<u32>(m + j);
    store<u32>(PRODUCT + j, <u32>borrow);
    borrow >>= 32;
  }
  if (borrow + <i64>carry >= 0) memory.copy(x, PRODUCT, bytes);
}

/** inverse and SQUARE for the modulus, whose most significant word is not zero. */
function prepareMontgomery(): void {
  const first = load<u32>(modulus);
  // Newton's iteration doubles the correct bits: 3, 6, 12, 24, 48.
  let x = first;
  for (let i = 0; i < 4; i++) x *= 2 - first * x;
  inverse = 0 - x;
  // The largest power of two below the modulus is doubled to R, and that to R·2^words, which five squarings make R².
  const topBit: u32 = 31 - clz(load<u32>(modulus + bytes - 4));
  memory.fill(SQUARE, 0, bytes);
  store<u32>(SQUARE + bytes - 4, (<u32>1) << topBit);
  for (let i: u32 = 32 - topBit + ((<u32>bytes) >> 2); i !== 0; i--) double(SQUARE);
  for (let i = 0; i < 5; i++) multiplyMontgomery(SQUARE, SQUARE, SQUARE);
}

/**
 * Starts a power of the number at `base`, below R = 2^(32·words): modulo the number at `m`, which is odd, above 1 and
 * has no word less, or modulo R. With `window`, exponents are taken in digits of four bits, which needs the powers up
 * to the fifteenth.
 */
export function powerBegin(base: usize, m: usize, words: u32, odd: bool, window: bool): void {
  modulus = m;
  bytes = words << 2;
  inverse = 0;
  started = false;
  memory.fill(ONE, 0, bytes);
  store<u32>(ONE, 1);
  if (odd) {
    prepareMontgomery();
    multiplyMontgomery(POWER, ONE, SQUARE);
    multiplyMontgomery(TABLE + 1024, base, SQUARE);
  } else {
    memory.copy(POWER, ONE, bytes);
    memory.copy(TABLE + 1024, base, bytes);
  }
  if (window) {
    for (let i: usize = 2; i < 16; i++) multiply(TABLE + (i << 10), TABLE + ((i - 1) << 10), TABLE + 1024);
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
      if (started) multiply(POWER, POWER, TABLE + (digit << 10));
      else memory.copy(POWER, TABLE + (digit << 10), bytes);
      started = true;
    }
  }
}

/** The power, below the modulus, at `out`. */
export function powerEnd(out: usize): void {
  if (inverse !== 0) multiplyMontgomery(out, POWER, ONE);
  else memory.copy(out, POWER, bytes);
}
