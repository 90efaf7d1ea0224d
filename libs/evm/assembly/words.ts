// Small things one does with words (32 bytes, four little-endian limbs).

// @ts-ignore: decorator
@inline
export function copyWord(to: usize, from: usize): void {
  const low = v128.load(from);
  const high = v128.load(from, 16);
  v128.store(to, low);
  v128.store(to, high, 16);
}

// @ts-ignore: decorator
@inline
export function zeroWord(at: usize): void {
  v128.store(at, i64x2.splat(0));
  v128.store(at, i64x2.splat(0), 16);
}

// @ts-ignore: decorator
@inline
export function setWord(at: usize, value: u64): void {
  store<u64>(at, value);
  store<u64>(at, 0, 8);
  v128.store(at, i64x2.splat(0), 16);
}

// @ts-ignore: decorator
@inline
export function isZero(at: usize): bool {
  return (load<u64>(at) | load<u64>(at, 8) | load<u64>(at, 16) | load<u64>(at, 24)) == 0;
}

// @ts-ignore: decorator
@inline
export function sameWord(a: usize, b: usize): bool {
  return (
    ((load<u64>(a) ^ load<u64>(b)) |
      (load<u64>(a, 8) ^ load<u64>(b, 8)) |
      (load<u64>(a, 16) ^ load<u64>(b, 16)) |
      (load<u64>(a, 24) ^ load<u64>(b, 24))) ==
    0
  );
}

/** The word as an offset or a size: at most 2^62. */
// @ts-ignore: decorator
@inline
export function saturated(at: usize): u64 {
  const low = load<u64>(at);
  const high = load<u64>(at, 8) | load<u64>(at, 16) | load<u64>(at, 24);
  return high != 0 || low > 0x4000000000000000 ? 0x4000000000000000 : low;
}

// @ts-ignore: decorator
@inline
export function lessThan(a: usize, b: usize): bool {
  const a3 = load<u64>(a, 24), b3 = load<u64>(b, 24);
  if (a3 != b3) return a3 < b3;
  const a2 = load<u64>(a, 16), b2 = load<u64>(b, 16);
  if (a2 != b2) return a2 < b2;
  const a1 = load<u64>(a, 8), b1 = load<u64>(b, 8);
  if (a1 != b1) return a1 < b1;
  return load<u64>(a) < load<u64>(b);
}

/** Signed: two's complement. */
// @ts-ignore: decorator
@inline
export function signedLessThan(a: usize, b: usize): bool {
  const a3 = load<i64>(a, 24), b3 = load<i64>(b, 24);
  return a3 != b3 ? a3 < b3 : lessThan(a, b);
}

// @ts-ignore: decorator
@inline
export function addWord(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16), a3 = load<u64>(a, 24);
  const r0 = a0 + load<u64>(b);
  let carry = u64(r0 < a0);
  const s1 = a1 + load<u64>(b, 8);
  const r1 = s1 + carry;
  carry = u64(s1 < a1) | u64(r1 < s1);
  const s2 = a2 + load<u64>(b, 16);
  const r2 = s2 + carry;
  carry = u64(s2 < a2) | u64(r2 < s2);
  const r3 = a3 + load<u64>(b, 24) + carry;
  store<u64>(out, r0);
  store<u64>(out, r1, 8);
  store<u64>(out, r2, 16);
  store<u64>(out, r3, 24);
}

// @ts-ignore: decorator
@inline
export function subtractWord(out: usize, a: usize, b: usize): void {
  const a0 = load<u64>(a), a1 = load<u64>(a, 8), a2 = load<u64>(a, 16), a3 = load<u64>(a, 24);
  const b0 = load<u64>(b), b1 = load<u64>(b, 8), b2 = load<u64>(b, 16), b3 = load<u64>(b, 24);
  const r0 = a0 - b0;
  let borrow = u64(a0 < b0);
  const s1 = a1 - b1;
  const r1 = s1 - borrow;
  borrow = u64(a1 < b1) | u64(s1 < borrow);
  const s2 = a2 - b2;
  const r2 = s2 - borrow;
  borrow = u64(a2 < b2) | u64(s2 < borrow);
  const r3 = a3 - b3 - borrow;
  store<u64>(out, r0);
  store<u64>(out, r1, 8);
  store<u64>(out, r2, 16);
  store<u64>(out, r3, 24);
}

/** Reverses 32 bytes: EVM memory's order to limbs, or back. `out` may be `from`. */
// @ts-ignore: decorator
@inline
export function reverseWord(out: usize, from: usize): void {
  const low = v128.load(from);
  const high = v128.load(from, 16);
  v128.store(out, v128.shuffle<u8>(high, high, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
  v128.store(out, v128.shuffle<u8>(low, low, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), 16);
}

// @ts-ignore: decorator
@inline
export function setLimbs(out: usize, w0: u64, w1: u64, w2: u64, w3: u64): void {
  store<u64>(out, w0);
  store<u64>(out, w1, 8);
  store<u64>(out, w2, 16);
  store<u64>(out, w3, 24);
}

// @ts-ignore: decorator
@inline
export function isNegative(a: usize): bool {
  return load<i64>(a, 24) < 0;
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
  setLimbs(out, r0, r1, r2, 0 - a3 - borrow);
}
