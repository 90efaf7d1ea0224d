import { bytesToBigint } from '@sheaf/primitives';
import type { Fork } from '../ports.ts';
import { power } from './modular-power.ts';
import { empty, paddedSlice, pricedBy, type Precompile } from './types.ts';

/** EIP-7823: no part is longer, since Osaka. */
const partBytesMaxOsaka = 1024n;
/** No gas of any chain pays for longer parts (above 10^13), whatever the caller offers. */
const partBytesMax = 1n << 26n;

interface Lengths {
  base: bigint;
  exponent: bigint;
  modulus: bigint;
}

/** 0x05: modular exponentiation (EIP-198) at the price of EIP-2565, since Osaka of EIP-7883. */
export function modexp(fork: Fork): Precompile {
  const price = fork === 'osaka' ? priceOsaka : priceBerlin;
  return pricedBy((input) => price(input, readLengths(input)), run);
}

function readLengths(input: Uint8Array): Lengths {
  const lengths = paddedSlice(input, 0, 96);
  return {
    base: bytesToBigint(lengths.subarray(0, 32)),
    exponent: bytesToBigint(lengths.subarray(32, 64)),
    modulus: bytesToBigint(lengths.subarray(64, 96)),
  };
}

function priceBerlin(input: Uint8Array, lengths: Lengths): bigint | undefined {
  const words = (larger(lengths.base, lengths.modulus) + 7n) / 8n;
  const price = (words * words * iterations(input, lengths, 8n)) / 3n;
  if (larger(lengths.base, lengths.modulus) > partBytesMax) return undefined;
  return larger(price, 200n);
}

function priceOsaka(input: Uint8Array, lengths: Lengths): bigint | undefined {
  const { base, exponent, modulus } = lengths;
  if (larger(larger(base, modulus), exponent) > partBytesMaxOsaka) return undefined;
  const bytes = larger(base, modulus);
  const words = (bytes + 7n) / 8n;
  const complexity = bytes <= 32n ? 16n : 2n * words * words;
  return larger(complexity * iterations(input, lengths, 16n), 500n);
}

/** How often the price says that there is a multiplication; a byte of the exponent after the 32nd counts `tail`. */
function iterations(input: Uint8Array, { base, exponent }: Lengths, tail: bigint): bigint {
  const headBytes = exponent < 32n ? Number(exponent) : 32;
  const offset = 96n + base;
  // Behind the input's end there are zeros: nothing is read there, however far it is.
  const head = offset >= BigInt(input.length) ? 0n : headOf(input, Number(offset), headBytes);
  const bits = head === 0n ? 0 : head.toString(2).length - 1;
  const count = (exponent > 32n ? tail * (exponent - 32n) : 0n) + BigInt(bits);
  return larger(count, 1n);
}

function headOf(input: Uint8Array, offset: number, length: number): bigint {
  return bytesToBigint(paddedSlice(input, offset, length));
}

function run(input: Uint8Array): Uint8Array | undefined {
  const lengths = readLengths(input);
  if (lengths.modulus === 0n) return empty;
  const base = Number(lengths.base);
  const modulus = Number(lengths.modulus);
  // What no double holds exactly nobody can pay for, and an array is longer than its index: zeros are only counted.
  if (lengths.exponent > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const exponent = Number(lengths.exponent);
  const digits = input.subarray(96 + base, 96 + base + exponent);
  return power({
    base: paddedSlice(input, 96, base),
    digits,
    zeros: exponent - digits.length,
    modulus: paddedSlice(input, 96 + base + exponent, modulus),
  });
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
