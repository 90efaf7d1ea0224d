// Keccak-256 as Ethereum has it (padding byte 0x01) of messages that lie padded in linear memory, one or two at a time.
//
// Two messages go through one permutation side by side, a lane of each in a v128. Measured on an EPYC in Node 20, per
// message: one block 205 ns in a pair, 390 ns by a permutation of 64-bit lanes; four blocks 790 and 1,540 ns. So everything
// is paired that can be; what is left over goes beside nothing, which takes 5% more than such a permutation would.

/** Bytes absorbed by one permutation. */
export const RATE: usize = 136;
const ROUNDS = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
  0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
  0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
  0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
]);
/** Lanes of two messages, side by side. */
const PAIR = memory.data(400, 16);
/** Between two rounds. */
const NEXT = memory.data(400, 16);
const ZEROS = memory.data(136, 16);

/**
 * Keccak-f[1600] of both states of the pair, two rounds a turn: from PAIR to NEXT and back. A row at a time, and the
 * columns' parities as the lanes of the next state come: so few values are live at once that they fit into 16 registers,
 * which is 6% faster than all lanes in variables.
 */
function permutePair(): void {
  let c0 = v128.xor(
    v128.xor(v128.xor(v128.load(PAIR, 0), v128.load(PAIR, 80)), v128.xor(v128.load(PAIR, 160), v128.load(PAIR, 240))),
    v128.load(PAIR, 320),
  );
  let c1 = v128.xor(
    v128.xor(v128.xor(v128.load(PAIR, 16), v128.load(PAIR, 96)), v128.xor(v128.load(PAIR, 176), v128.load(PAIR, 256))),
    v128.load(PAIR, 336),
  );
  let c2 = v128.xor(
    v128.xor(v128.xor(v128.load(PAIR, 32), v128.load(PAIR, 112)), v128.xor(v128.load(PAIR, 192), v128.load(PAIR, 272))),
    v128.load(PAIR, 352),
  );
  let c3 = v128.xor(
    v128.xor(v128.xor(v128.load(PAIR, 48), v128.load(PAIR, 128)), v128.xor(v128.load(PAIR, 208), v128.load(PAIR, 288))),
    v128.load(PAIR, 368),
  );
  let c4 = v128.xor(
    v128.xor(v128.xor(v128.load(PAIR, 64), v128.load(PAIR, 144)), v128.xor(v128.load(PAIR, 224), v128.load(PAIR, 304))),
    v128.load(PAIR, 384),
  );
  let b0: v128, b1: v128, b2: v128, b3: v128, b4: v128;
  let d0: v128, d1: v128, d2: v128, d3: v128, d4: v128;
  let t: v128;
  for (let round = ROUNDS; round < ROUNDS + 192; round += 16) {
    d0 = v128.xor(c4, rotate(c1, 1));
    d1 = v128.xor(c0, rotate(c2, 1));
    d2 = v128.xor(c1, rotate(c3, 1));
    d3 = v128.xor(c2, rotate(c4, 1));
    d4 = v128.xor(c3, rotate(c0, 1));
    b0 = v128.xor(v128.load(PAIR, 0), d0);
    b1 = rotate(v128.xor(v128.load(PAIR, 96), d1), 44);
    b2 = rotate(v128.xor(v128.load(PAIR, 192), d2), 43);
    b3 = rotate(v128.xor(v128.load(PAIR, 288), d3), 21);
    b4 = rotate(v128.xor(v128.load(PAIR, 384), d4), 14);
    t = v128.xor(v128.xor(b0, v128.andnot(b2, b1)), v128.load64_splat(round));
    v128.store(NEXT, t, 0);
    c0 = t;
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(NEXT, t, 16);
    c1 = t;
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(NEXT, t, 32);
    c2 = t;
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(NEXT, t, 48);
    c3 = t;
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(NEXT, t, 64);
    c4 = t;
    b0 = rotate(v128.xor(v128.load(PAIR, 48), d3), 28);
    b1 = rotate(v128.xor(v128.load(PAIR, 144), d4), 20);
    b2 = rotate(v128.xor(v128.load(PAIR, 160), d0), 3);
    b3 = rotate(v128.xor(v128.load(PAIR, 256), d1), 45);
    b4 = rotate(v128.xor(v128.load(PAIR, 352), d2), 61);
    t = v128.xor(b0, v128.andnot(b2, b1));
    v128.store(NEXT, t, 80);
    c0 = v128.xor(c0, t);
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(NEXT, t, 96);
    c1 = v128.xor(c1, t);
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(NEXT, t, 112);
    c2 = v128.xor(c2, t);
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(NEXT, t, 128);
    c3 = v128.xor(c3, t);
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(NEXT, t, 144);
    c4 = v128.xor(c4, t);
    b0 = rotate(v128.xor(v128.load(PAIR, 16), d1), 1);
    b1 = rotate(v128.xor(v128.load(PAIR, 112), d2), 6);
    b2 = rotate(v128.xor(v128.load(PAIR, 208), d3), 25);
    b3 = rotate(v128.xor(v128.load(PAIR, 304), d4), 8);
    b4 = rotate(v128.xor(v128.load(PAIR, 320), d0), 18);
    t = v128.xor(b0, v128.andnot(b2, b1));
    v128.store(NEXT, t, 160);
    c0 = v128.xor(c0, t);
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(NEXT, t, 176);
    c1 = v128.xor(c1, t);
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(NEXT, t, 192);
    c2 = v128.xor(c2, t);
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(NEXT, t, 208);
    c3 = v128.xor(c3, t);
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(NEXT, t, 224);
    c4 = v128.xor(c4, t);
    b0 = rotate(v128.xor(v128.load(PAIR, 64), d4), 27);
    b1 = rotate(v128.xor(v128.load(PAIR, 80), d0), 36);
    b2 = rotate(v128.xor(v128.load(PAIR, 176), d1), 10);
    b3 = rotate(v128.xor(v128.load(PAIR, 272), d2), 15);
    b4 = rotate(v128.xor(v128.load(PAIR, 368), d3), 56);
    t = v128.xor(b0, v128.andnot(b2, b1));
    v128.store(NEXT, t, 240);
    c0 = v128.xor(c0, t);
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(NEXT, t, 256);
    c1 = v128.xor(c1, t);
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(NEXT, t, 272);
    c2 = v128.xor(c2, t);
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(NEXT, t, 288);
    c3 = v128.xor(c3, t);
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(NEXT, t, 304);
    c4 = v128.xor(c4, t);
    b0 = rotate(v128.xor(v128.load(PAIR, 32), d2), 62);
    b1 = rotate(v128.xor(v128.load(PAIR, 128), d3), 55);
    b2 = rotate(v128.xor(v128.load(PAIR, 224), d4), 39);
    b3 = rotate(v128.xor(v128.load(PAIR, 240), d0), 41);
    b4 = rotate(v128.xor(v128.load(PAIR, 336), d1), 2);
    t = v128.xor(b0, v128.andnot(b2, b1));
    v128.store(NEXT, t, 320);
    c0 = v128.xor(c0, t);
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(NEXT, t, 336);
    c1 = v128.xor(c1, t);
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(NEXT, t, 352);
    c2 = v128.xor(c2, t);
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(NEXT, t, 368);
    c3 = v128.xor(c3, t);
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(NEXT, t, 384);
    c4 = v128.xor(c4, t);
    d0 = v128.xor(c4, rotate(c1, 1));
    d1 = v128.xor(c0, rotate(c2, 1));
    d2 = v128.xor(c1, rotate(c3, 1));
    d3 = v128.xor(c2, rotate(c4, 1));
    d4 = v128.xor(c3, rotate(c0, 1));
    b0 = v128.xor(v128.load(NEXT, 0), d0);
    b1 = rotate(v128.xor(v128.load(NEXT, 96), d1), 44);
    b2 = rotate(v128.xor(v128.load(NEXT, 192), d2), 43);
    b3 = rotate(v128.xor(v128.load(NEXT, 288), d3), 21);
    b4 = rotate(v128.xor(v128.load(NEXT, 384), d4), 14);
    t = v128.xor(v128.xor(b0, v128.andnot(b2, b1)), v128.load64_splat(round, 8));
    v128.store(PAIR, t, 0);
    c0 = t;
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(PAIR, t, 16);
    c1 = t;
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(PAIR, t, 32);
    c2 = t;
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(PAIR, t, 48);
    c3 = t;
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(PAIR, t, 64);
    c4 = t;
    b0 = rotate(v128.xor(v128.load(NEXT, 48), d3), 28);
    b1 = rotate(v128.xor(v128.load(NEXT, 144), d4), 20);
    b2 = rotate(v128.xor(v128.load(NEXT, 160), d0), 3);
    b3 = rotate(v128.xor(v128.load(NEXT, 256), d1), 45);
    b4 = rotate(v128.xor(v128.load(NEXT, 352), d2), 61);
    t = v128.xor(b0, v128.andnot(b2, b1));
    v128.store(PAIR, t, 80);
    c0 = v128.xor(c0, t);
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(PAIR, t, 96);
    c1 = v128.xor(c1, t);
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(PAIR, t, 112);
    c2 = v128.xor(c2, t);
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(PAIR, t, 128);
    c3 = v128.xor(c3, t);
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(PAIR, t, 144);
    c4 = v128.xor(c4, t);
    b0 = rotate(v128.xor(v128.load(NEXT, 16), d1), 1);
    b1 = rotate(v128.xor(v128.load(NEXT, 112), d2), 6);
    b2 = rotate(v128.xor(v128.load(NEXT, 208), d3), 25);
    b3 = rotate(v128.xor(v128.load(NEXT, 304), d4), 8);
    b4 = rotate(v128.xor(v128.load(NEXT, 320), d0), 18);
    t = v128.xor(b0, v128.andnot(b2, b1));
    v128.store(PAIR, t, 160);
    c0 = v128.xor(c0, t);
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(PAIR, t, 176);
    c1 = v128.xor(c1, t);
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(PAIR, t, 192);
    c2 = v128.xor(c2, t);
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(PAIR, t, 208);
    c3 = v128.xor(c3, t);
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(PAIR, t, 224);
    c4 = v128.xor(c4, t);
    b0 = rotate(v128.xor(v128.load(NEXT, 64), d4), 27);
    b1 = rotate(v128.xor(v128.load(NEXT, 80), d0), 36);
    b2 = rotate(v128.xor(v128.load(NEXT, 176), d1), 10);
    b3 = rotate(v128.xor(v128.load(NEXT, 272), d2), 15);
    b4 = rotate(v128.xor(v128.load(NEXT, 368), d3), 56);
    t = v128.xor(b0, v128.andnot(b2, b1));
    v128.store(PAIR, t, 240);
    c0 = v128.xor(c0, t);
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(PAIR, t, 256);
    c1 = v128.xor(c1, t);
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(PAIR, t, 272);
    c2 = v128.xor(c2, t);
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(PAIR, t, 288);
    c3 = v128.xor(c3, t);
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(PAIR, t, 304);
    c4 = v128.xor(c4, t);
    b0 = rotate(v128.xor(v128.load(NEXT, 32), d2), 62);
    b1 = rotate(v128.xor(v128.load(NEXT, 128), d3), 55);
    b2 = rotate(v128.xor(v128.load(NEXT, 224), d4), 39);
    b3 = rotate(v128.xor(v128.load(NEXT, 240), d0), 41);
    b4 = rotate(v128.xor(v128.load(NEXT, 336), d1), 2);
    t = v128.xor(b0, v128.andnot(b2, b1));
    v128.store(PAIR, t, 320);
    c0 = v128.xor(c0, t);
    t = v128.xor(b1, v128.andnot(b3, b2));
    v128.store(PAIR, t, 336);
    c1 = v128.xor(c1, t);
    t = v128.xor(b2, v128.andnot(b4, b3));
    v128.store(PAIR, t, 352);
    c2 = v128.xor(c2, t);
    t = v128.xor(b3, v128.andnot(b0, b4));
    v128.store(PAIR, t, 368);
    c3 = v128.xor(c3, t);
    t = v128.xor(b4, v128.andnot(b1, b0));
    v128.store(PAIR, t, 384);
    c4 = v128.xor(c4, t);
  }
}
function rotate(lanes: v128, bits: i32): v128 {
  return v128.or(i64x2.shl(lanes, bits), i64x2.shr_u(lanes, 64 - bits));
}

/** Ends the message of `size` bytes at `at` as Keccak has it, up to a whole block. Writes up to 16 bytes beyond that. */
export function pad(at: usize, size: usize): void {
  const end = at + (size / RATE + 1) * RATE;
  const zero = i64x2.splat(0);
  for (let to = at + size; to < end; to += 16) v128.store(to, zero);
  store<u8>(at + size, 1);
  store<u8>(end - 1, load<u8>(end - 1) | 0x80);
}

/** The 32 bytes at `out` become the digest of the padded message of `blocks` blocks. */
export function hashOne(out: usize, message: usize, blocks: i32): void {
  hashPair(0, ZEROS, 0, out, message, blocks);
}

/**
 * The same for two messages; the first has no more blocks than the second. The digest of the first is written when it
 * is there, after which its lanes go on over zeros; one of no blocks has none.
 */
export function hashPair(
  firstOut: usize,
  first: usize,
  firstBlocks: i32,
  secondOut: usize,
  second: usize,
  secondBlocks: i32,
): void {
  const zero = i64x2.splat(0);
  for (let i: usize = 0; i < 400; i += 16) v128.store(PAIR + i, zero);
  for (let block = 1; block <= secondBlocks; block++, first += RATE, second += RATE) {
    if (block > firstBlocks) first = ZEROS;
    for (let i: usize = 0; i < RATE; i += 8) {
      const lanes = v128.load64_lane(second + i, v128.load64_zero(first + i), 1);
      v128.store(PAIR + 2 * i, v128.xor(v128.load(PAIR + 2 * i), lanes));
    }
    permutePair();
    if (block == firstBlocks) writeDigest(firstOut, 0);
  }
  writeDigest(secondOut, 8);
}

function writeDigest(out: usize, lane: usize): void {
  for (let i: usize = 0; i < 32; i += 8) store<u64>(out + i, load<u64>(PAIR + lane + 2 * i));
}
