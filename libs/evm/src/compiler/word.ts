// A 256-bit word as the compiler knows it.

/** 64 bits of a word: a local of the WebAssembly function, or a constant. */
export type Limb = number | bigint;

export type Limbs = readonly [Limb, Limb, Limb, Limb];

/** A word in locals and constants, the lowest limb first. It never changes: its locals are written once. */
export interface Word {
  readonly kind: 'word';
  readonly limbs: Limbs;
  /** The value is below 2^bits; limbs above are the constant 0. */
  readonly bits: number;
}

/** Zero or one in an i32 local: what comparisons give and JUMPI takes. */
export interface Flag {
  readonly kind: 'flag';
  readonly local: number;
}

export type Value = Word | Flag;

/** Mask of 64 bits. */
export const FULL = 0xffff_ffff_ffff_ffffn;

export function constant(value: bigint): Word {
  return {
    kind: 'word',
    limbs: [value & FULL, (value >> 64n) & FULL, (value >> 128n) & FULL, value >> 192n],
    bits: bitLength(value),
  };
}

/** A constant below 2^31, without the cost of taking a large one apart. */
export function small(value: number): Word {
  return { kind: 'word', limbs: [BigInt(value), 0n, 0n, 0n], bits: 32 - Math.clz32(value) };
}

export const ZERO = small(0);

/** A word of one limb below 2^bits. */
export function narrow(limb: Limb, bits: number): Word {
  return { kind: 'word', limbs: [limb, 0n, 0n, 0n], bits };
}

/** With `limbs` whose value is below 2^bits; limbs above that are taken for zero. */
export function bounded(limbs: Limbs, bits: number): Word {
  const [a, b, c, d] = limbs;
  return {
    kind: 'word',
    limbs: [bits > 0 ? a : 0n, bits > 64 ? b : 0n, bits > 128 ? c : 0n, bits > 192 ? d : 0n],
    bits: significantBits(limbs, bits),
  };
}

/** A bound that constant limbs at the top make better. */
function significantBits(limbs: Limbs, bits: number): number {
  for (let index = 3; index >= 0; index--) {
    const limb = limbs[index] ?? 0n;
    if (bits <= 64 * index || limb === 0n) continue;
    return Math.min(bits, 64 * index + (typeof limb === 'bigint' ? bitLength(limb) : 64));
  }
  return 0;
}

/** The value of a word of constants. */
export function valueOf({ limbs }: Word): bigint | undefined {
  const [a, b, c, d] = limbs;
  if (typeof a !== 'bigint' || typeof b !== 'bigint' || typeof c !== 'bigint' || typeof d !== 'bigint')
    return undefined;
  if (b === 0n && c === 0n && d === 0n) return a;
  return a | (b << 64n) | (c << 128n) | (d << 192n);
}

/** The value of a constant word below 2^31, else -1. */
export function smallValue(word: Word): number {
  const low = word.limbs[0];
  return word.bits <= 31 && typeof low === 'bigint' ? Number(low) : -1;
}

export function bitLength(value: bigint): number {
  if (value <= 0xffff_ffffn) return 32 - Math.clz32(Number(value));
  return value.toString(16).length * 4 - Math.clz32(Number.parseInt(value.toString(16).charAt(0), 16)) + 28;
}
