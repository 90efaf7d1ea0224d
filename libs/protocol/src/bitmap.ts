import { ChainError } from '@sheaf/primitives';

/** Bit i of byte i/8, lowest bit first; ceil(size / 8) bytes. @throws RangeError for an index outside 0 … size-1 */
export function encodeBitmap(indexes: number[], size: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(size / 8));
  for (const index of indexes) {
    if (!Number.isInteger(index) || index < 0 || index >= size) throw new RangeError(`${index} is not below ${size}`);
    bitmap[index >> 3]! |= 1 << (index & 7);
  }
  return bitmap;
}

/**
 * The indexes, rising.
 * @throws ChainError `INVALID_ARGUMENT` naming `field` unless exactly ceil(size / 8) bytes with no bit at or above `size`
 */
export function decodeBitmap(bytes: Uint8Array, size: number, field: string): number[] {
  const length = Math.ceil(size / 8);
  if (bytes.length !== length) {
    const message = `${field} must be ${length} bytes, got ${bytes.length}`;
    throw new ChainError({ code: 'INVALID_ARGUMENT', field, message });
  }
  const indexes: number[] = [];
  for (let index = 0; index < length * 8; index++) {
    if ((bytes[index >> 3]! & (1 << (index & 7))) !== 0) indexes.push(index);
  }
  if ((indexes.at(-1) ?? -1) >= size) {
    const message = `${field} must have no bit at or above ${size}`;
    throw new ChainError({ code: 'INVALID_ARGUMENT', field, message });
  }
  return indexes;
}
