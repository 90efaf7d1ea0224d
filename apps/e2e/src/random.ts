/** Numbers that a seed decides. Not for secrets. */
export interface Random {
  /** A whole number from 0 up to, without, `end`, at most 2^32. */
  below(end: number): number;
  /** True once in `times` on average. */
  oneIn(times: number): boolean;
  bytes(count: number): Uint8Array;
}

/** xoshiro128** (Blackman and Vigna), its state from the seeds by splitmix32: other seeds, unrelated numbers. */
export function seededRandom(...seeds: readonly number[]): Random {
  const state = new Uint32Array(4);
  let mixed = 0x243f6a88;
  for (let i = 0; i < 4 * Math.max(1, seeds.length); i++) {
    mixed = (mixed + 0x9e3779b9 + (seeds[i >> 2] ?? 0)) | 0;
    let word = mixed ^ (mixed >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    state[i & 3]! ^= word ^ (word >>> 15);
  }
  state[0]! |= 1;
  const next = (): number => {
    const [a, b, c, d] = state as unknown as [number, number, number, number];
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    state[2] = c ^ a;
    state[3] = d ^ b;
    state[1] = b ^ state[2]!;
    state[0] = a ^ state[3]!;
    state[2]! ^= b << 9;
    state[3] = rotate(state[3]!, 11);
    return result;
  };
  // By the high bits of a product: the bias is below end / 2^32.
  const below = (end: number): number => Math.floor((next() / 2 ** 32) * end);
  return {
    below,
    oneIn: (times) => below(times) === 0,
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
  };
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
