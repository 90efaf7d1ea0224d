import {
  bytesToBigint,
  ChainError,
  toAddress,
  toHash32,
  type Address,
  type Hash32,
  type RlpItem,
} from '@sheaf/primitives';

/** Refuses the field by name. */
export function invalid(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` });
}

/** The items of a list of exactly `length`, when given. */
export function readList(item: RlpItem | undefined, field: string, length?: number): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) throw invalid(field, 'must be a list');
  if (length !== undefined && item.length !== length) {
    throw invalid(field, `must have ${length} fields, got ${item.length}`);
  }
  return item;
}

export function readBytes(item: RlpItem | undefined, field: string, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw invalid(field, 'must be bytes');
  if (length !== undefined && item.length !== length) {
    throw invalid(field, `must be ${length} bytes, got ${item.length}`);
  }
  return item;
}

/** A minimal big-endian integer of at most `bytesMax` bytes. */
export function readInteger(item: RlpItem | undefined, field: string, bytesMax: number): bigint {
  const bytes = readBytes(item, field);
  return readIntegerAt(bytes, 0, bytes.length, field, bytesMax);
}

/** The same of the bytes from `from` to `to`. */
export function readIntegerAt(bytes: Uint8Array, from: number, to: number, field: string, bytesMax: number): bigint {
  if (to > from && bytes[from] === 0) throw invalid(field, 'must have no leading zeros');
  if (to - from > bytesMax) throw invalid(field, `must be below 2^${8 * bytesMax}`);
  return bytesToBigint(bytes, from, to);
}

export function readAddress(item: RlpItem | undefined, field: string): Address {
  return toAddress(readBytes(item, field, 20), field);
}

/** Empty bytes mean a creation. */
export function readRecipient(item: RlpItem | undefined, field: string): Address | undefined {
  return readBytes(item, field).length === 0 ? undefined : readAddress(item, field);
}

export function readHash(item: RlpItem | undefined, field: string): Hash32 {
  return toHash32(readBytes(item, field, 32), field);
}
