import { bigintToFixedBytes, bytesToBigint } from '@sheaf/primitives';
import { arithmetic } from './arithmetic.ts';

/** Moduli of more bytes are left to BigInt, whose multiplication is better than quadratic. */
const wasmBytesMax = 1024;
/** Exponents of more bytes are taken four bits at a time. */
const windowBytesMin = 8;
/** For exponents of at most so many bytes Montgomery's form does not pay, when numbers are longer than a word. */
const plainExponentBytes = 2;
const plainModulusBytes = 32;
/** Where operands lie in the scratch: base, modulus and result; then a piece of the exponent. */
const [baseAt, modulusAt, resultAt, digitsAt] = [0, 1024, 2048, 4096];
const digitsBytes = 4096;

export interface PowerOperands {
  /** Big-endian, like all of them. */
  base: Uint8Array;
  /** The exponent is these bytes, with `zeros` zero bytes behind them. */
  digits: Uint8Array;
  zeros: number;
  modulus: Uint8Array;
}

type Exponent = Pick<PowerOperands, 'digits' | 'zeros'>;

/**
 * base^exponent mod modulus, all big-endian, in as many bytes as the modulus has; 0 for a modulus of 0 (EIP-198).
 * Time is quadratic in the modulus and linear in the exponent.
 */
export function power(operands: PowerOperands): Uint8Array {
  const output = new Uint8Array(operands.modulus.length);
  const modulus = withoutLeadingZeros(operands.modulus);
  if (modulus.length === 0 || (modulus.length === 1 && modulus[0] === 1)) return output;
  const base = withoutLeadingZeros(operands.base);
  const digits = withoutLeadingZeros(operands.digits);
  const exponent = { digits, zeros: digits.length === 0 ? 0 : operands.zeros };
  output.set(powerOf(base, exponent, modulus), output.length - modulus.length);
  return output;
}

/** As many bytes as the modulus has, which is above 1. Nothing has leading zeros. */
function powerOf(base: Uint8Array, exponent: Exponent, modulus: Uint8Array): Uint8Array {
  const { length } = modulus;
  const isShort = exponent.digits.length + exponent.zeros <= plainExponentBytes && length > plainModulusBytes;
  if (length > wasmBytesMax || isShort) {
    return bigintToFixedBytes(powerOfBigints(bytesToBigint(base), exponent, bytesToBigint(modulus)), length);
  }
  if ((modulus[length - 1]! & 1) === 0) {
    return bigintToFixedBytes(powerEven(bytesToBigint(base), exponent, bytesToBigint(modulus)), length);
  }
  // Montgomery's method takes any base below 2^(32·words).
  const words = Math.ceil(length / 4);
  const fits = base.length <= 4 * words;
  writeWords(baseAt, fits ? base : bigintToFixedBytes(bytesToBigint(base) % bytesToBigint(modulus), length), words);
  writeWords(modulusAt, modulus, words);
  powerOfWords(exponent, words, 1);
  return readBytes(length);
}

/** modulus = odd·2^k: the power modulo each of the two, put together by the Chinese remainder theorem. */
function powerEven(base: bigint, exponent: Exponent, modulus: bigint): bigint {
  const k = trailingZeros(modulus);
  const odd = modulus >> BigInt(k);
  const words = Math.ceil(k / 32);
  writeNumber(baseAt, BigInt.asUintN(k, base), words);
  powerOfWords(exponent, words, 0);
  const low = BigInt.asUintN(k, readNumber(words));
  if (odd === 1n) return low;
  const high = powerOdd(base % odd, exponent, odd);
  return high + odd * BigInt.asUintN(k, (low - high) * inverseModuloPowerOfTwo(odd, k));
}

function powerOdd(base: bigint, exponent: Exponent, modulus: bigint): bigint {
  const words = Math.ceil(modulus.toString(16).length / 8);
  writeNumber(baseAt, base, words);
  writeNumber(modulusAt, modulus, words);
  powerOfWords(exponent, words, 1);
  return readNumber(words);
}

/** From the operands in the scratch to the result in the scratch. */
function powerOfWords(exponent: Exponent, words: number, odd: 0 | 1): void {
  const { wasm, scratch, address } = arithmetic();
  const window = needsWindow(exponent) ? 1 : 0;
  wasm.powerBegin(address + baseAt, address + modulusAt, words, odd, window);
  forEachPiece(exponent, (piece) => {
    scratch.set(piece, digitsAt);
    wasm.powerDigits(address + digitsAt, piece.length, window);
  });
  wasm.powerEnd(address + resultAt);
}

function needsWindow({ digits, zeros }: Exponent): boolean {
  return digits.length + zeros > windowBytesMin;
}

/** The exponent in pieces of at most `digitsBytes`. */
function forEachPiece({ digits, zeros }: Exponent, take: (piece: Uint8Array) => void): void {
  for (let from = 0; from < digits.length; from += digitsBytes) take(digits.subarray(from, from + digitsBytes));
  for (let left = zeros; left > 0; left -= digitsBytes) take(new Uint8Array(Math.min(left, digitsBytes)));
}

/** Big-endian bytes, at most 4·words of them, to little-endian words. */
function writeWords(at: number, bytes: Uint8Array, words: number): void {
  const { scratch } = arithmetic();
  const { length } = bytes;
  for (let i = 0; i < length; i++) scratch[at + i] = bytes[length - 1 - i]!;
  scratch.fill(0, at + length, at + 4 * words);
}

function writeNumber(at: number, value: bigint, words: number): void {
  const { words: memory } = arithmetic();
  for (let i = 0; i < words; i += 2) memory[(at >> 3) + (i >> 1)] = BigInt.asUintN(64, value >> BigInt(32 * i));
}

/** The result. */
function readNumber(words: number): bigint {
  const { words: memory } = arithmetic();
  let value = 0n;
  for (let i = (words - 1) >> 1; i >= 0; i--) value = (value << 64n) | memory[(resultAt >> 3) + i]!;
  return BigInt.asUintN(32 * words, value);
}

/** The result's lowest bytes, big-endian. */
function readBytes(length: number): Uint8Array {
  return arithmetic()
    .scratch.slice(resultAt, resultAt + length)
    .reverse();
}

/** 1/odd mod 2^k by Newton's iteration, which doubles the correct bits, of which there are three at first. */
function inverseModuloPowerOfTwo(odd: bigint, k: number): bigint {
  let inverse = BigInt.asUintN(3, odd);
  for (let bits = 3; bits < k; bits *= 2) {
    const width = Math.min(2 * bits, k);
    inverse = BigInt.asUintN(width, inverse * (2n - BigInt.asUintN(width, odd) * inverse));
  }
  return BigInt.asUintN(k, inverse);
}

/** How many bits from the lowest are zero; the value is not. */
function trailingZeros(value: bigint): number {
  let count = 0;
  for (;;) {
    const word = Number(BigInt.asUintN(32, value >> BigInt(count))) | 0;
    if (word !== 0) return count + 31 - Math.clz32(word & -word);
    count += 32;
  }
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  let first = 0;
  while (first < bytes.length && bytes[first] === 0) first++;
  return bytes.subarray(first);
}

/** Left to right, by digits of four bits when that pays. */
function powerOfBigints(base: bigint, exponent: Exponent, modulus: bigint): bigint {
  const table = [1n, base % modulus];
  const step = needsWindow(exponent) ? 4 : 1;
  for (let i = 2; i < 1 << step; i++) table.push((table[i - 1]! * table[1]!) % modulus);
  let result = 1n;
  forEachPiece(exponent, (piece) => {
    for (const byte of piece) {
      for (let shift = 8 - step; shift >= 0; shift -= step) {
        const digit = (byte >> shift) & ((1 << step) - 1);
        if (result !== 1n) for (let i = 0; i < step; i++) result = (result * result) % modulus;
        if (digit !== 0) result = result === 1n ? table[digit]! : (result * table[digit]!) % modulus;
      }
    }
  });
  return result;
}
