/**
 * What one precompile does. `gas` is what the call has; the price is compared with it before anything dear is done.
 * `undefined`: the call fails and all its gas is gone.
 */
export type Precompile = (input: Uint8Array, gas: bigint) => PrecompileResult | undefined;

export interface PrecompileResult {
  gasUsed: bigint;
  /** Fresh bytes: no view of the input. */
  output: Uint8Array;
}

export const empty = new Uint8Array(0);

/** A precompile with one price. `compute` answers `undefined` for input that its EIP calls an error. */
export function fixedPrice(price: bigint, compute: (input: Uint8Array) => Uint8Array | undefined): Precompile {
  return pricedBy(() => price, compute);
}

/** A precompile whose price depends on its input; a price of `undefined` is an error too. */
export function pricedBy(
  price: (input: Uint8Array) => bigint | undefined,
  compute: (input: Uint8Array) => Uint8Array | undefined,
): Precompile {
  return (input, gas) => {
    const gasUsed = price(input);
    if (gasUsed === undefined || gasUsed > gas) return undefined;
    const output = compute(input);
    return output && { gasUsed, output };
  };
}

/** `length` bytes of the input from `offset`; what lies behind its end is zero. */
export function paddedSlice(input: Uint8Array, offset: number, length: number): Uint8Array {
  const part = input.subarray(offset, offset + length);
  if (part.length === length) return part;
  const padded = new Uint8Array(length);
  padded.set(part);
  return padded;
}

/** Whether all of the bytes from `from` up to `to` are zero. */
export function areZero(bytes: Uint8Array, from = 0, to = bytes.length): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Whether `length` bytes at `offset` are, as a big-endian number, below `bound`, which has as many. */
export function isBelow(bytes: Uint8Array, offset: number, bound: Uint8Array): boolean {
  for (let i = 0; i < bound.length; i++) {
    const difference = bytes[offset + i]! - bound[i]!;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Boolean results are words: 1 or 0 in 32 bytes. */
export function word(value: 0 | 1): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes[31] = value;
  return bytes;
}

/** Whether `bytes` are at `offset` of the other array. */
export function equalParts(bytes: Uint8Array, other: Uint8Array, offset: number): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== other[offset + i]) return false;
  return true;
}
