import { bigintToFixedBytes, bytesToBigint } from '@sheaf/primitives';
import { arithmetic } from './arithmetic.ts';

/** Moduli of more bytes are left to BigInt, whose multiplication is better than quadratic. */
const wasmBytesMax = 192;
/** Exponents of more bytes are taken four bits at a time. */
const windowBytesMin = 8;
/** Where operands lie in the scratch: base, modulus, R² and the result; then a piece of the exponent. */
const [baseAt, modulusAt, squareAt, resultAt, digitsAt] = [0, 256, 512, 768, 1024];
const digitsBytes = 2048;

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
  const { length } = operands.modulus;
  const m = bytesToBigint(operands.modulus);
  if (m <= 1n) return new Uint8Array(length);
  const b = bytesToBigint(operands.base) % m;
  const digits = withoutLeadingZeros(operands.digits);
  const exponent = { digits, zeros: digits.length === 0 ? 0 : operands.zeros };
  if (withoutLeadingZeros(operands.modulus).length > wasmBytesMax) {
    return bigintToFixedBytes(powerOfBigints(b, exponent, m), length);
  }
  return bigintToFixedBytes((m & 1n) === 1n ? powerOdd(b, exponent, m) : powerEven(b, exponent, m), length);
}

function withoutLeadingZeros(bytes: Uint8Array): Uint8Array {
  let first = 0;
  while (first < bytes.length && bytes[first] === 0) first++;
  return bytes.subarray(first);
}

/** Montgomery's method, in WebAssembly. */
function powerOdd(base: bigint, exponent: Exponent, modulus: bigint): bigint {
  const words = wordsOf(modulus);
  write(modulusAt, modulus, words);
  write(squareAt, (1n << BigInt(64 * words)) % modulus, words);
  return powerOfWords(base, exponent, words, negativeInverse(Number(modulus & 0xffffffffn)));
}

/** modulus = odd·2^k: the power modulo each of the two, put together by the Chinese remainder theorem. */
function powerEven(base: bigint, exponent: Exponent, modulus: bigint): bigint {
  const k = trailingZeros(modulus);
  const bits = BigInt(k);
  const odd = modulus >> bits;
  const low = BigInt.asUintN(k, powerOfWords(BigInt.asUintN(k, base), exponent, Math.ceil(k / 32), 0));
  if (odd === 1n) return low;
  const high = powerOdd(base % odd, exponent, odd);
  return high + odd * BigInt.asUintN(k, (low - high) * inverseModuloPowerOfTwo(odd, k));
}

function powerOfWords(base: bigint, exponent: Exponent, words: number, inverse: number): bigint {
  const { wasm, scratch, address } = arithmetic();
  const window = needsWindow(exponent) ? 1 : 0;
  write(baseAt, base, words);
  wasm.powerBegin(address + baseAt, address + modulusAt, address + squareAt, words, inverse, window);
  forEachPiece(exponent, (piece) => {
    scratch.set(piece, digitsAt);
    wasm.powerDigits(address + digitsAt, piece.length, window);
  });
  wasm.powerEnd(address + resultAt);
  return bytesToBigint(scratch.slice(resultAt, resultAt + 4 * words).reverse());
}

function needsWindow({ digits, zeros }: Exponent): boolean {
  return digits.length + zeros > windowBytesMin;
}

/** The exponent in pieces of at most `digitsBytes`. */
function forEachPiece({ digits, zeros }: Exponent, take: (piece: Uint8Array) => void): void {
  for (let from = 0; from < digits.length; from += digitsBytes) take(digits.subarray(from, from + digitsBytes));
  for (let left = zeros; left > 0; left -= digitsBytes) take(new Uint8Array(Math.min(left, digitsBytes)));
}

function write(at: number, value: bigint, words: number): void {
  arithmetic().scratch.set(bigintToFixedBytes(value, 4 * words).reverse(), at);
}

function wordsOf(value: bigint): number {
  return Math.ceil(value.toString(16).length / 8);
}

/** -1/odd mod 2^32 by Newton's iteration, which doubles the correct bits: 3, 6, 12, 24, 48. */
function negativeInverse(odd: number): number {
  let inverse = odd;
  for (let i = 0; i < 4; i++) inverse = Math.imul(inverse, 2 - Math.imul(odd, inverse));
  return -inverse | 0;
}

/** 1/odd mod 2^k, by the same iteration. */
function inverseModuloPowerOfTwo(odd: bigint, k: number): bigint {
  let inverse = odd;
  for (let bits = 3; bits < k; bits *= 2) {
    const width = Math.min(2 * bits, k);
    inverse = BigInt.asUintN(width, inverse * (2n - BigInt.asUintN(width, odd) * inverse));
  }
  return BigInt.asUintN(k, inverse);
}

function trailingZeros(value: bigint): number {
  let count = 0;
  while (BigInt.asUintN(32, value >> BigInt(count)) === 0n) count += 32;
  return count + 31 - Math.clz32(Number(lowestBit(BigInt.asUintN(32, value >> BigInt(count)))));
}

function lowestBit(value: bigint): bigint {
  return value & -value;
}

/** Left to right, by digits of four bits when that pays. */
function powerOfBigints(base: bigint, exponent: Exponent, modulus: bigint): bigint {
  const table = [1n, base];
  const step = needsWindow(exponent) ? 4 : 1;
  for (let i = 2; i < 1 << step; i++) table.push((table[i - 1]! * base) % modulus);
  let result = 1n;
  forEachPiece(exponent, (piece) => {
    for (const byte of piece) {
      for (let shift = 8 - step; shift >= 0; shift -= step) {
        const digit = (byte >> shift) & ((1 << step) - 1);
        if (result !== 1n) for (let i = 0; i < step; i++) result = (result * result) % modulus;
        if (digit !== 0) result = (result * table[digit]!) % modulus;
      }
    }
  });
  return result;
}
