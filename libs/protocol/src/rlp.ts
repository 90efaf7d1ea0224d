import { bigintToBytes, bytesToBigint, ChainError, type RlpItem } from '@sheaf/primitives';

/** RLP's form of an integer: big-endian without leading zeros. */
export const encodeInteger = bigintToBytes;

/** @throws ChainError `INVALID_ARGUMENT` unless a list, of the given length if one is given, else of at most `max` */
export function readList(
  item: RlpItem | undefined,
  bound: { length: number } | { max: number },
  field: string,
): readonly RlpItem[] {
  if (item === undefined || item instanceof Uint8Array) malformed(field, 'must be a list');
  if ('length' in bound ? item.length !== bound.length : item.length > bound.max) {
    malformed(field, 'length' in bound ? `must have ${bound.length} items` : `must have at most ${bound.max} items`);
  }
  return item;
}

/** @throws ChainError `INVALID_ARGUMENT` unless a byte string within the bounds */
export function readBytes(item: RlpItem | undefined, bound: { min: number; max: number }, field: string): Uint8Array {
  if (!(item instanceof Uint8Array)) malformed(field, 'must be a byte string');
  if (item.length < bound.min || item.length > bound.max)
    malformed(field, `must be ${bound.min} to ${bound.max} bytes`);
  return item;
}

/** @throws ChainError `INVALID_ARGUMENT` unless a canonical integer of at most `bytesMax` bytes */
export function readInteger(item: RlpItem | undefined, bytesMax: number, field: string): bigint {
  const bytes = readBytes(item, { min: 0, max: bytesMax }, field);
  if (bytes[0] === 0) malformed(field, 'must have no leading zeros');
  return bytesToBigint(bytes);
}

function malformed(field: string, rule: string): never {
  throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
