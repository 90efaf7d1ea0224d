// The compression function F of BLAKE2b (RFC 7693, section 3.2) with a number of rounds of the caller's (EIP-152).

/** Fractions of the square roots of the first eight primes: SHA-512's, as RFC 7693 takes them. */
const IV0: u64 = 0x6a09e667f3bcc908;
const IV1: u64 = 0xbb67ae8584caa73b;
const IV2: u64 = 0x3c6ef372fe94f82b;
const IV3: u64 = 0xa54ff53a5f1d36f1;
const IV4: u64 = 0x510e527fade682d1;
const IV5: u64 = 0x9b05688c2b3e6c1f;
const IV6: u64 = 0x1f83d9abfb41bd6b;
const IV7: u64 = 0x5be0cd19137e2179;

/** The message schedule: ten permutations, each entry already the byte offset of its word. */
const SIGMA = memory.data<u8>([
  0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 112, 80, 32, 64, 72, 120, 104, 48, 8, 96, 0, 16, 88,
  56, 40, 24, 88, 64, 96, 0, 40, 16, 120, 104, 80, 112, 24, 48, 56, 8, 72, 32, 56, 72, 24, 8, 104, 96, 88, 112, 16, 48,
  40, 80, 32, 0, 120, 64, 72, 0, 40, 56, 16, 32, 80, 120, 112, 8, 88, 96, 48, 64, 24, 104, 16, 96, 48, 80, 0, 88, 64,
  24, 32, 104, 56, 40, 120, 112, 8, 72, 96, 40, 8, 120, 112, 104, 32, 80, 0, 56, 48, 24, 72, 16, 64, 88, 104, 88, 56,
  112, 96, 8, 24, 72, 40, 0, 120, 32, 64, 48, 16, 80, 48, 120, 112, 72, 88, 24, 0, 64, 96, 16, 104, 56, 8, 32, 80, 40,
  80, 16, 64, 32, 56, 48, 8, 40, 120, 88, 72, 112, 24, 96, 104, 0,
]);

/**
 * h (64 bytes at `state`), m (128 bytes after it) and the two words of the offset t (after that), all little-endian;
 * the new h replaces the old one. Sixteen words in locals: V8 keeps most of them in registers.
 */
export function blake2f(state: usize, rounds: u32, final: bool): void {
  const m = state + 64;
  let a0 = load<u64>(state, 0);
  let a1 = load<u64>(state, 8);
  let a2 = load<u64>(state, 16);
  let a3 = load<u64>(state, 24);
  let b0 = load<u64>(state, 32);
  let b1 = load<u64>(state, 40);
  let b2 = load<u64>(state, 48);
  let b3 = load<u64>(state, 56);
  let c0 = IV0;
  let c1 = IV1;
  let c2 = IV2;
  let c3 = IV3;
  let d0 = IV4 ^ load<u64>(state, 192);
  let d1 = IV5 ^ load<u64>(state, 200);
  let d2 = final ? ~IV6 : IV6;
  let d3 = IV7;
  let s: usize = SIGMA;
  for (let round: u32 = 0; round < rounds; round++) {
    // Columns.
    a0 += b0 + load<u64>(m + load<u8>(s, 0));
    a1 += b1 + load<u64>(m + load<u8>(s, 2));
    a2 += b2 + load<u64>(m + load<u8>(s, 4));
    a3 += b3 + load<u64>(m + load<u8>(s, 6));
    d0 = rotr(d0 ^ a0, 32);
    d1 = rotr(d1 ^ a1, 32);
    d2 = rotr(d2 ^ a2, 32);
    d3 = rotr(d3 ^ a3, 32);
    c0 += d0;
    c1 += d1;
    c2 += d2;
    c3 += d3;
    b0 = rotr(b0 ^ c0, 24);
    b1 = rotr(b1 ^ c1, 24);
    b2 = rotr(b2 ^ c2, 24);
    b3 = rotr(b3 ^ c3, 24);
    a0 += b0 + load<u64>(m + load<u8>(s, 1));
    a1 += b1 + load<u64>(m + load<u8>(s, 3));
    a2 += b2 + load<u64>(m + load<u8>(s, 5));
    a3 += b3 + load<u64>(m + load<u8>(s, 7));
    d0 = rotr(d0 ^ a0, 16);
    d1 = rotr(d1 ^ a1, 16);
    d2 = rotr(d2 ^ a2, 16);
    d3 = rotr(d3 ^ a3, 16);
    c0 += d0;
    c1 += d1;
    c2 += d2;
    c3 += d3;
    b0 = rotr(b0 ^ c0, 63);
    b1 = rotr(b1 ^ c1, 63);
    b2 = rotr(b2 ^ c2, 63);
    b3 = rotr(b3 ^ c3, 63);
    // Diagonals.
    a0 += b1 + load<u64>(m + load<u8>(s, 8));
    a1 += b2 + load<u64>(m + load<u8>(s, 10));
    a2 += b3 + load<u64>(m + load<u8>(s, 12));
    a3 += b0 + load<u64>(m + load<u8>(s, 14));
    d3 = rotr(d3 ^ a0, 32);
    d0 = rotr(d0 ^ a1, 32);
    d1 = rotr(d1 ^ a2, 32);
    d2 = rotr(d2 ^ a3, 32);
    c2 += d3;
    c3 += d0;
    c0 += d1;
    c1 += d2;
    b1 = rotr(b1 ^ c2, 24);
    b2 = rotr(b2 ^ c3, 24);
    b3 = rotr(b3 ^ c0, 24);
    b0 = rotr(b0 ^ c1, 24);
    a0 += b1 + load<u64>(m + load<u8>(s, 9));
    a1 += b2 + load<u64>(m + load<u8>(s, 11));
    a2 += b3 + load<u64>(m + load<u8>(s, 13));
    a3 += b0 + load<u64>(m + load<u8>(s, 15));
    d3 = rotr(d3 ^ a0, 16);
    d0 = rotr(d0 ^ a1, 16);
    d1 = rotr(d1 ^ a2, 16);
    d2 = rotr(d2 ^ a3, 16);
    c2 += d3;
    c3 += d0;
    c0 += d1;
    c1 += d2;
    b1 = rotr(b1 ^ c2, 63);
    b2 = rotr(b2 ^ c3, 63);
    b3 = rotr(b3 ^ c0, 63);
    b0 = rotr(b0 ^ c1, 63);
    s += 16;
    if (s === SIGMA + 160) s = SIGMA;
  }
  store<u64>(state, load<u64>(state, 0) ^ a0 ^ c0, 0);
  store<u64>(state, load<u64>(state, 8) ^ a1 ^ c1, 8);
  store<u64>(state, load<u64>(state, 16) ^ a2 ^ c2, 16);
  store<u64>(state, load<u64>(state, 24) ^ a3 ^ c3, 24);
  store<u64>(state, load<u64>(state, 32) ^ b0 ^ d0, 32);
  store<u64>(state, load<u64>(state, 40) ^ b1 ^ d1, 40);
  store<u64>(state, load<u64>(state, 48) ^ b2 ^ d2, 48);
  store<u64>(state, load<u64>(state, 56) ^ b3 ^ d3, 56);
}
