// Fields of a JSON document, each read once and refused by its name: all throw ChainError `INVALID_ARGUMENT`.
import { ChainError, hexToBytes, toAddress, toHash32, type Address, type Hash32 } from '@sheaf/primitives';

export type JsonObject = Record<string, unknown>;

const wordMax = 2n ** 256n - 1n;

export function invalid(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` });
}

export function readObject(value: unknown, field: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw invalid(field, `must be an object, ${got(value)}`);
}

export function readList(value: unknown, field: string, entriesMax: number): unknown[] {
  if (!Array.isArray(value)) throw invalid(field, `must be a list, ${got(value)}`);
  checkCount(value.length, field, entriesMax);
  return value;
}

/** The entries of an object that is a map. */
export function readEntries(value: unknown, field: string, entriesMax: number): [string, unknown][] {
  const entries = Object.entries(readObject(value, field));
  checkCount(entries.length, field, entriesMax);
  return entries;
}

export function checkCount(count: number, field: string, max: number): void {
  if (count > max) throw invalid(field, `has ${count} entries; at most ${max} are read`);
}

export function readText(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw invalid(field, `must be a string, ${got(value)}`);
}

/** JSON-RPC's quantity: hexadecimal, with leading zeros or without. */
export function readQuantity(value: unknown, field: string, max = wordMax): bigint {
  const text = readText(value, field);
  if (!/^0x[0-9a-f]{1,64}$/i.test(text)) throw invalid(field, `must be a number in hexadecimal, ${got(value)}`);
  const quantity = BigInt(text);
  if (quantity > max) throw invalid(field, `is more than 2^${max.toString(2).length}-1`);
  return quantity;
}

export const uint64Max = 2n ** 64n - 1n;

export function readBytes(value: unknown, field: string): Uint8Array {
  return hexToBytes(readText(value, field), field);
}

export function readAddress(value: unknown, field: string): Address {
  return toAddress(readText(value, field), field);
}

export function readHash(value: unknown, field: string): Hash32 {
  return toHash32(readText(value, field), field);
}

/** Storage is written with short words and with whole ones: both are 32 bytes here. */
export function readWord(value: unknown, field: string): Hash32 {
  return `0x${readQuantity(value, field).toString(16).padStart(64, '0')}` as Hash32;
}

/** What `read` gives, or `undefined` where there is nothing. */
export function optional<Value>(
  value: unknown,
  field: string,
  read: (value: unknown, field: string) => Value,
): Value | undefined {
  return value === undefined || value === null ? undefined : read(value, field);
}

function got(value: unknown): string {
  if (value === undefined) return 'but it is missing';
  const text = JSON.stringify(value);
  return `got ${text.length > 60 ? `${text.slice(0, 57)}...` : text}`;
}
