// Keccak-256 as Ethereum has it (padding byte 0x01) over linear memory.

import { KECCAK_MEMO, KECCAK_MEMO_ENTRIES } from '../src/layout';
import { copyWord, reverseWord } from './words';

/** Bytes absorbed by one permutation. */
const RATE: usize = 136;
const ROUNDS = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
  0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
  0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
  0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
]);
const STATE = memory.data(200, 16);

/** Keccak-f[1600] of the state. */
function permute(): void {
  let a0 = load<u64>(STATE);
  let a1 = load<u64>(STATE, 8);
  let a2 = load<u64>(STATE, 16);
  let a3 = load<u64>(STATE, 24);
  let a4 = load<u64>(STATE, 32);
  let a5 = load<u64>(STATE, 40);
  let a6 = load<u64>(STATE, 48);
  let a7 = load<u64>(STATE, 56);
  let a8 = load<u64>(STATE, 64);
  let a9 = load<u64>(STATE, 72);
  let a10 = load<u64>(STATE, 80);
  let a11 = load<u64>(STATE, 88);
  let a12 = load<u64>(STATE, 96);
  let a13 = load<u64>(STATE, 104);
  let a14 = load<u64>(STATE, 112);
  let a15 = load<u64>(STATE, 120);
  let a16 = load<u64>(STATE, 128);
  let a17 = load<u64>(STATE, 136);
  let a18 = load<u64>(STATE, 144);
  let a19 = load<u64>(STATE, 152);
  let a20 = load<u64>(STATE, 160);
  let a21 = load<u64>(STATE, 168);
  let a22 = load<u64>(STATE, 176);
  let a23 = load<u64>(STATE, 184);
  let a24 = load<u64>(STATE, 192);
  for (let round = ROUNDS; round < ROUNDS + 192; round += 8) {
    const c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20;
    const c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21;
    const c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22;
    const c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23;
    const c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24;
    const d0 = c4 ^ rotl(c1, 1);
    const d1 = c0 ^ rotl(c2, 1);
    const d2 = c1 ^ rotl(c3, 1);
    const d3 = c2 ^ rotl(c4, 1);
    const d4 = c3 ^ rotl(c0, 1);
    const b0 = a0 ^ d0;
    const b1 = rotl(a6 ^ d1, 44);
    const b2 = rotl(a12 ^ d2, 43);
    const b3 = rotl(a18 ^ d3, 21);
    const b4 = rotl(a24 ^ d4, 14);
    const b5 = rotl(a3 ^ d3, 28);
    const b6 = rotl(a9 ^ d4, 20);
    const b7 = rotl(a10 ^ d0, 3);
    const b8 = rotl(a16 ^ d1, 45);
    const b9 = rotl(a22 ^ d2, 61);
    const b10 = rotl(a1 ^ d1, 1);
    const b11 = rotl(a7 ^ d2, 6);
    const b12 = rotl(a13 ^ d3, 25);
    const b13 = rotl(a19 ^ d4, 8);
    const b14 = rotl(a20 ^ d0, 18);
    const b15 = rotl(a4 ^ d4, 27);
    const b16 = rotl(a5 ^ d0, 36);
    const b17 = rotl(a11 ^ d1, 10);
    const b18 = rotl(a17 ^ d2, 15);
    const b19 = rotl(a23 ^ d3, 56);
    const b20 = rotl(a2 ^ d2, 62);
    const b21 = rotl(a8 ^ d3, 55);
    const b22 = rotl(a14 ^ d4, 39);
    const b23 = rotl(a15 ^ d0, 41);
    const b24 = rotl(a21 ^ d1, 2);
    a0 = b0 ^ (~b1 & b2) ^ load<u64>(round);
    a1 = b1 ^ (~b2 & b3);
    a2 = b2 ^ (~b3 & b4);
    a3 = b3 ^ (~b4 & b0);
    a4 = b4 ^ (~b0 & b1);
    a5 = b5 ^ (~b6 & b7);
    a6 = b6 ^ (~b7 & b8);
    a7 = b7 ^ (~b8 & b9);
    a8 = b8 ^ (~b9 & b5);
    a9 = b9 ^ (~b5 & b6);
    a10 = b10 ^ (~b11 & b12);
    a11 = b11 ^ (~b12 & b13);
    a12 = b12 ^ (~b13 & b14);
    a13 = b13 ^ (~b14 & b10);
    a14 = b14 ^ (~b10 & b11);
    a15 = b15 ^ (~b16 & b17);
    a16 = b16 ^ (~b17 & b18);
    a17 = b17 ^ (~b18 & b19);
    a18 = b18 ^ (~b19 & b15);
    a19 = b19 ^ (~b15 & b16);
    a20 = b20 ^ (~b21 & b22);
    a21 = b21 ^ (~b22 & b23);
    a22 = b22 ^ (~b23 & b24);
    a23 = b23 ^ (~b24 & b20);
    a24 = b24 ^ (~b20 & b21);
  }
  store<u64>(STATE, a0);
  store<u64>(STATE, a1, 8);
  store<u64>(STATE, a2, 16);
  store<u64>(STATE, a3, 24);
  store<u64>(STATE, a4, 32);
  store<u64>(STATE, a5, 40);
  store<u64>(STATE, a6, 48);
  store<u64>(STATE, a7, 56);
  store<u64>(STATE, a8, 64);
  store<u64>(STATE, a9, 72);
  store<u64>(STATE, a10, 80);
  store<u64>(STATE, a11, 88);
  store<u64>(STATE, a12, 96);
  store<u64>(STATE, a13, 104);
  store<u64>(STATE, a14, 112);
  store<u64>(STATE, a15, 120);
  store<u64>(STATE, a16, 128);
  store<u64>(STATE, a17, 136);
  store<u64>(STATE, a18, 144);
  store<u64>(STATE, a19, 152);
  store<u64>(STATE, a20, 160);
  store<u64>(STATE, a21, 168);
  store<u64>(STATE, a22, 176);
  store<u64>(STATE, a23, 184);
  store<u64>(STATE, a24, 192);
}

/** The state becomes that after the `size` bytes at `data`; its first 32 bytes are the digest. */
function absorb(data: usize, size: usize): void {
  const zero = i64x2.splat(0);
  for (let i: usize = 0; i < 192; i += 16) v128.store(STATE + i, zero);
  store<u64>(STATE, 0, 192);
  while (size >= RATE) {
    for (let i: usize = 0; i < RATE; i += 8) store<u64>(STATE + i, load<u64>(STATE + i) ^ load<u64>(data + i));
    permute();
    data += RATE;
    size -= RATE;
  }
  let i: usize = 0;
  for (; i + 8 <= size; i += 8) store<u64>(STATE + i, load<u64>(STATE + i) ^ load<u64>(data + i));
  for (; i < size; i++) store<u8>(STATE + i, load<u8>(STATE + i) ^ load<u8>(data + i));
  store<u8>(STATE + i, load<u8>(STATE + i) ^ 1);
  store<u8>(STATE, load<u8>(STATE, 135) ^ 0x80, 135);
  permute();
}

/** The 32 bytes at `out` become the digest of the `size` bytes at `data`, as Ethereum writes it. */
export function keccak256(out: usize, data: usize, size: usize): void {
  absorb(data, size);
  copyWord(out, STATE);
}

/** The same as a word: limbs. What a contract hashes for a mapping's slot, 64 bytes, is remembered. */
export function keccakWord(out: usize, data: usize, size: usize): void {
  if (size != 64) {
    absorb(data, size);
    reverseWord(out, STATE);
    return;
  }
  const mix =
    (load<u64>(data) ^ rotl(load<u64>(data, 8), 11) ^ rotl(load<u64>(data, 16), 23) ^ rotl(load<u64>(data, 24), 37)) *
      0x9e3779b97f4a7c15 +
    (load<u64>(data, 32) ^
      rotl(load<u64>(data, 40), 17) ^
      rotl(load<u64>(data, 48), 29) ^
      rotl(load<u64>(data, 56), 41));
  const index = <usize>((mix * 0xd6e8feb86659fd93) >> 32) % KECCAK_MEMO_ENTRIES;
  const entry = <usize>KECCAK_MEMO + index * 96;
  const k0 = v128.load(data);
  const k1 = v128.load(data, 16);
  const k2 = v128.load(data, 32);
  const k3 = v128.load(data, 48);
  const difference = v128.or(
    v128.or(v128.xor(k0, v128.load(entry)), v128.xor(k1, v128.load(entry, 16))),
    v128.or(v128.xor(k2, v128.load(entry, 32)), v128.xor(k3, v128.load(entry, 48))),
  );
  // An entry that was never written has the key and the digest zero; no digest is.
  if (v128.any_true(difference) || load<u64>(entry, 64) == 0) {
    absorb(data, 64);
    v128.store(entry, k0);
    v128.store(entry, k1, 16);
    v128.store(entry, k2, 32);
    v128.store(entry, k3, 48);
    reverseWord(entry + 64, STATE);
  }
  copyWord(out, entry + 64);
}
