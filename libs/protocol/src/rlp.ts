import { RLP } from '@ethereumjs/rlp';
import { bigintToBytes, bytesToBigint, ChainError } from '@sheaf/primitives';

// Encoding is @ethereumjs/rlp's. Decoding is our own: that one recurses without a bound and copies every nested list.

/** Bytes, or a list. */
export type RlpItem = Uint8Array | RlpItem[];

/** Lists within lists that any object of the chain has. */
const depthMax = 4;

/** Canonical RLP. */
export function encodeRlp(item: RlpItem): Uint8Array {
  return RLP.encode(item);
}

/** RLP's form of an integer: big-endian without leading zeros. */
export const encodeInteger = bigintToBytes;

/**
 * The one item that `bytes` encodes; byte strings are views of `bytes`. Only the canonical encoding is accepted.
 * @throws ChainError `INVALID_ARGUMENT` naming `field`
 */
export function decodeRlp(bytes: Uint8Array, field: string): RlpItem {
  const { item, end } = readItem(bytes, 0, bytes.length, depthMax, field);
  if (end !== bytes.length) malformed(field, 'has bytes after its end');
  return item;
}

/** @throws ChainError `INVALID_ARGUMENT` unless a list, of the given length if one is given, else of at most `max` */
export function readList(
  item: RlpItem | undefined,
  bound: { length: number } | { max: number },
  field: string,
): RlpItem[] {
  if (!Array.isArray(item)) malformed(field, 'must be a list');
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

function readItem(
  bytes: Uint8Array,
  start: number,
  limit: number,
  depth: number,
  field: string,
): { item: RlpItem; end: number } {
  const prefix = bytes[start];
  if (prefix === undefined || start >= limit) malformed(field, 'ends too early');
  if (prefix < 0x80) return { item: bytes.subarray(start, start + 1), end: start + 1 };
  const isList = prefix >= 0xc0;
  const { from, to } = readSpan(bytes, start, limit, prefix - (isList ? 0xc0 : 0x80), field);
  if (!isList) {
    if (to - from === 1 && bytes[from]! < 0x80) malformed(field, 'is not canonical RLP');
    return { item: bytes.subarray(from, to), end: to };
  }
  if (depth === 0) malformed(field, 'is nested too deeply');
  const items: RlpItem[] = [];
  let position = from;
  while (position < to) {
    const next = readItem(bytes, position, to, depth - 1, field);
    items.push(next.item);
    position = next.end;
  }
  return { item: items, end: to };
}

/** Where the content lies. `code`: the prefix less 0x80 or 0xc0; 0 to 55 is the length, above that the length's length. */
function readSpan(bytes: Uint8Array, start: number, limit: number, code: number, field: string) {
  let from = start + 1;
  let length = code;
  if (code > 55) {
    const lengthBytes = code - 55;
    if (lengthBytes > 4) malformed(field, 'is longer than 4 GiB');
    length = 0;
    for (const byte of bytes.subarray(from, Math.min(from + lengthBytes, limit))) length = length * 256 + byte;
    // A length that fits the short form, or starts with a zero byte, has a shorter encoding.
    if (length <= 55 || bytes[from] === 0) malformed(field, 'is not canonical RLP');
    from += lengthBytes;
  }
  if (from + length > limit) malformed(field, 'ends too early');
  return { from, to: from + length };
}

function malformed(field: string, rule: string): never {
  throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${rule}` });
}
