import { ChainError } from './chain-error.ts';

/** Character codes of the two digits of each byte. */
const firstDigits = digitCodes(0);
const secondDigits = digitCodes(1);
/** Character codes of a text in the making, one array a length: addresses and hashes are what is asked for. */
const textCodes: number[][] = [];
const pieceBytesMax = 64;

/**
 * `0x` and two lower-case digits a byte; the empty array gives `0x`.
 * Made from character codes: a string put together by `+=` is a tree, and a Map that it keys flattens it at three times
 * the cost.
 */
export function bytesToHex(bytes: Uint8Array): Hex {
  const { length } = bytes;
  if (length > pieceBytesMax) return longBytesToHex(bytes);
  const codes = (textCodes[length] ??= [48, 120, ...new Array<number>(2 * length).fill(0)]);
  for (let i = 0, at = 2; i < length; i++) {
    const byte = bytes[i]!;
    codes[at++] = firstDigits[byte]!;
    codes[at++] = secondDigits[byte]!;
  }
  return String.fromCharCode.apply(null, codes) as Hex;
}

function longBytesToHex(bytes: Uint8Array): Hex {
  const pieces = ['0x'];
  for (let from = 0; from < bytes.length; from += pieceBytesMax) {
    pieces.push(bytesToHex(bytes.subarray(from, from + pieceBytesMax)).slice(2));
  }
  return pieces.join('') as Hex;
}

function digitCodes(place: 0 | 1): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0').charCodeAt(place));
}

/** A `0x`-prefixed string of hexadecimal digits. */
export type Hex = `0x${string}`;

/** Value of the character codes of the hex digits; -1 for every other code below 128. */
const digitValues = Int8Array.from({ length: 128 }, (_, code) => {
  const value = parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? -1 : value;
});

function digitAt(text: string, place: number): number {
  const code = text.charCodeAt(place);
  return code < 128 ? digitValues[code]! : -1;
}

/**
 * The bytes of a `0x`-prefixed string with an even number of digits.
 * By table: hashes and addresses are strings here, so a regular expression and parseInt would lead a block's profile.
 * @throws ChainError `INVALID_ARGUMENT` naming `field` when the text is anything else
 */
export function hexToBytes(text: string, field = 'hex'): Uint8Array {
  const refuse = () =>
    new ChainError({
      code: 'INVALID_ARGUMENT',
      field,
      message: `${field} must be 0x and an even number of hex digits`,
    });
  if (text.length % 2 !== 0 || !text.startsWith('0x')) throw refuse();
  const bytes = new Uint8Array(text.length / 2 - 1);
  for (let i = 0; i < bytes.length; i++) {
    // Either digit being -1 leaves the sign bit set.
    const value = (digitAt(text, 2 + 2 * i) << 4) | digitAt(text, 3 + 2 * i);
    if (value < 0) throw refuse();
    bytes[i] = value;
  }
  return bytes;
}

/** True when both have the same length and content. Not constant-time: for public data. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Negative, zero or positive as `a` sorts before, with or after `b` in byte order. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** One array with the parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** The big-endian value of the bytes, those from `from` to `to`; zero for none. */
export function bytesToBigint(bytes: Uint8Array, from = 0, to = bytes.length): bigint {
  if (to - from > 12) return BigInt(bytesToHex(from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to)));
  // A number has 53 bits: six bytes at a time.
  const low = Math.max(from, to - 6);
  if (low === from) return BigInt(naturalOf(bytes, from, to));
  return (BigInt(naturalOf(bytes, from, low)) << 48n) | BigInt(naturalOf(bytes, low, to));
}

function naturalOf(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 256 + bytes[i]!;
  return value;
}

/** Big-endian without leading zeros; zero is the empty array (RLP's integer form). */
export function bigintToBytes(value: bigint): Uint8Array {
  assertNonNegative(value);
  if (value === 0n) return new Uint8Array(0);
  if (value < 2n ** 48n) return numberToBytes(Number(value));
  const digits = value.toString(16);
  return hexToBytes(`0x${digits.length % 2 === 0 ? '' : '0'}${digits}`);
}

/** Above zero, below 2^48. */
function numberToBytes(value: number): Uint8Array {
  let length = 0;
  for (let rest = value; rest >= 1; rest /= 256) length += 1;
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

/** Big-endian, exactly `length` bytes. @throws RangeError when the value does not fit */
export function bigintToFixedBytes(value: bigint, length: number): Uint8Array {
  const minimal = bigintToBytes(value);
  if (minimal.length > length) throw new RangeError(`${value} does not fit ${length} bytes`);
  const fixed = new Uint8Array(length);
  fixed.set(minimal, length - minimal.length);
  return fixed;
}

function assertNonNegative(value: bigint): void {
  if (value < 0n) throw new RangeError(`${value} is negative`);
}
