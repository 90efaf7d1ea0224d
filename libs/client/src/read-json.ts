// The edge: JSON that somebody answered, read with limits. Every refusal is `INVALID_ARGUMENT` naming the field.
import { ChainError, hexToBytes, toHash32, type Hash32 } from '@sheaf/primitives';

export function invalid(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` });
}

export function readObject(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, 'must be an object');
  return value as Readonly<Record<string, unknown>>;
}

/** A list of `countMax` items at most. */
export function readList(value: unknown, countMax: number, field: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > countMax) {
    throw invalid(field, `must be a list of at most ${countMax} items`);
  }
  return value;
}

/** `0x` and an even number of hex digits: `bytesMax` bytes at most. */
export function readBytes(value: unknown, bytesMax: number, field: string): Uint8Array {
  if (typeof value !== 'string' || value.length > 2 + 2 * bytesMax) {
    throw invalid(field, `must be the hex of at most ${bytesMax} bytes`);
  }
  return hexToBytes(value, field);
}

export function readHash(value: unknown, field: string): Hash32 {
  return toHash32(readBytes(value, 32, field), field);
}

/** `0x` and 1 to 64 hex digits: a number below 2^256, with leading zeros or without. */
export function readQuantity(value: unknown, field: string): bigint {
  if (typeof value !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(value)) {
    throw invalid(field, 'must be 0x and 1 to 64 hex digits');
  }
  return BigInt(value);
}
