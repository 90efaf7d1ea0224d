import type { Fork } from '../ports.ts';
import { power } from './modular-power.ts';
import { empty, paddedSlice, pricedBy, type Precompile } from './types.ts';

/** EIP-7823: no part is longer, since Osaka. */
const partBytesMaxOsaka = 1024;
/** No gas of any chain pays for longer numbers (above 10^13), whatever the caller offers. */
const numberBytesMax = 2 ** 26;

interface Lengths {
  base: number;
  exponent: number;
  modulus: number;
}

/** 0x05: modular exponentiation (EIP-198) at the price of EIP-2565, since Osaka of EIP-7883. */
export function modexp(fork: Fork): Precompile {
  const price = fork === 'osaka' ? priceOsaka : priceBerlin;
  return pricedBy((input) => price(input, readLengths(input)), run);
}

/** Lengths beyond what a double holds exactly are infinite. */
function readLengths(input: Uint8Array): Lengths {
  return { base: readLength(input, 0), exponent: readLength(input, 32), modulus: readLength(input, 64) };
}

function readLength(input: Uint8Array, offset: number): number {
  let length = 0;
  for (let i = offset; i < offset + 32; i++) length = length * 256 + (input[i] ?? 0);
  return length > Number.MAX_SAFE_INTEGER ? Infinity : length;
}

function priceBerlin(input: Uint8Array, lengths: Lengths): bigint | undefined {
  const bytes = Math.max(lengths.base, lengths.modulus);
  // Whatever the exponent: nothing is multiplied, as there is no modulus.
  if (bytes === 0) return 200n;
  if (bytes > numberBytesMax || lengths.exponent === Infinity) return undefined;
  const words = BigInt(Math.ceil(bytes / 8));
  const price = (words * words * iterations(input, lengths, 8)) / 3n;
  return price > 200n ? price : 200n;
}

function priceOsaka(input: Uint8Array, lengths: Lengths): bigint | undefined {
  const bytes = Math.max(lengths.base, lengths.modulus);
  if (Math.max(bytes, lengths.exponent) > partBytesMaxOsaka) return undefined;
  const words = Math.ceil(bytes / 8);
  const complexity = bytes <= 32 ? 16 : 2 * words * words;
  const price = BigInt(complexity) * iterations(input, lengths, 16);
  return price > 500n ? price : 500n;
}

/** How often the price says that there is a multiplication; a byte of the exponent after the 32nd counts `tail`. */
function iterations(input: Uint8Array, { base, exponent }: Lengths, tail: number): bigint {
  const bits = bitLength(input, 96 + base, Math.min(exponent, 32));
  const inHead = BigInt(Math.max(bits - 1, 0));
  const count = exponent > 32 ? BigInt(tail) * BigInt(exponent - 32) + inHead : inHead;
  return count > 1n ? count : 1n;
}

/** Bits of the number of `length` bytes at `offset`, without leading zeros. What is behind the input's end is zero. */
function bitLength(input: Uint8Array, offset: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const byte = input[offset + i] ?? 0;
    if (byte !== 0) return 8 * (length - i) - (Math.clz32(byte) - 24);
  }
  return 0;
}

function run(input: Uint8Array): Uint8Array {
  const { base, exponent, modulus } = readLengths(input);
  if (modulus === 0) return empty;
  const digits = input.subarray(96 + base, 96 + base + exponent);
  return power({
    base: paddedSlice(input, 96, base),
    digits,
    zeros: exponent - digits.length,
    modulus: paddedSlice(input, 96 + base + exponent, modulus),
  });
}
