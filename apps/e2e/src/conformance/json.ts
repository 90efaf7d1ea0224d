import { hexToBytes, isChainError, toAddress, toHash32, type Address, type Hash32 } from '@sheaf/primitives';

/** A file or a case that cannot be read as a fixture. The message is one sentence that names the field. */
export class FixtureError extends Error {
  override readonly name = 'FixtureError';
}

export type JsonObject = Record<string, unknown>;

const uint256Max = 2n ** 256n - 1n;

/** @throws FixtureError */
export function readObject(value: unknown, field: string): JsonObject {
  if (!isObject(value)) throw new FixtureError(`${field} must be an object, got ${describe(value)}`);
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws FixtureError */
export function readList(value: unknown, field: string): unknown[] {
  if (!Array.isArray(value)) throw new FixtureError(`${field} must be a list, got ${describe(value)}`);
  return value;
}

/** @throws FixtureError */
export function readText(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new FixtureError(`${field} must be a string, got ${describe(value)}`);
  return value;
}

/**
 * An integer of 0 … 2^256-1 as fixtures write it: hexadecimal with 0x and any leading zeros, decimal, or a JSON number.
 * @throws FixtureError
 */
export function readQuantity(value: unknown, field: string): bigint {
  const text = typeof value === 'number' ? String(value) : readText(value, field);
  if (!/^(0x[0-9a-fA-F]{1,66}|[0-9]{1,80})$/.test(text) || BigInt(text) > uint256Max)
    throw new FixtureError(`${field} must be an integer of 0 to 2^256-1, got ${describe(value)}`);
  return BigInt(text);
}

/** A small count or position. @throws FixtureError */
export function readIndex(value: unknown, field: string): number {
  const index = readQuantity(value, field);
  if (index > 0xffff_ffffn) throw new FixtureError(`${field} is too large: ${index}`);
  return Number(index);
}

/** Hexadecimal with 0x, or nothing for no bytes. @throws FixtureError */
export function readBytes(value: unknown, field: string): Uint8Array {
  const text = readText(value, field);
  return named(() => hexToBytes(text === '' ? '0x' : text, field));
}

/** @throws FixtureError unless 20 bytes */
export function readAddress(value: unknown, field: string): Address {
  const text = readText(value, field);
  return named(() => toAddress(text, field));
}

/** 32 bytes, or an integer that is padded to them (storage keys and difficulties are written short). @throws FixtureError */
export function readHash(value: unknown, field: string): Hash32 {
  const quantity = readQuantity(value, field);
  return toHash32(`0x${quantity.toString(16).padStart(64, '0')}`);
}

/** `undefined` and `null` stay away; anything else is read. */
export function optional<Value>(
  value: unknown,
  field: string,
  read: (value: unknown, field: string) => Value,
): Value | undefined {
  return value === undefined || value === null ? undefined : read(value, field);
}

function named<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) throw new FixtureError(error.message, { cause: error });
    throw error;
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
