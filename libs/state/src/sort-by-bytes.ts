import { compareBytes } from '@sheaf/primitives';

/** Fewer are compared byte by byte. */
const manyItems = 12;
/** Of more not all bits of the numbers count, see `sortedOrder`: they are compared byte by byte too. */
const itemsMax = 2 ** 21;

/**
 * The items by the rising bytes of their keys, all of one length, four at least. Comparisons byte by byte take longer than all else that is
 * done with a key before it is hashed: of many keys the first four bytes are sorted as numbers.
 */
export function sortByBytes<T>(items: readonly T[], keyOf: (item: T) => Uint8Array): T[] {
  const compare = (a: T, b: T) => compareBytes(keyOf(a), keyOf(b));
  if (items.length < manyItems || items.length > itemsMax) return items.slice().sort(compare);
  const prefixes = new Float64Array(items.length);
  for (let i = 0; i < prefixes.length; i++) {
    const key = keyOf(items[i]!);
    prefixes[i] = (key[0]! * 2 ** 24 + ((key[1]! << 16) | (key[2]! << 8) | key[3]!)) * 2 ** 16;
  }
  const order = sortedOrder(prefixes);
  const sorted: T[] = [];
  for (let start = 0, end = 0; start < order.length; start = end) {
    const prefix = prefixes[order[start]!]!;
    while (end < order.length && prefixes[order[end]!] === prefix) sorted.push(items[order[end++]!]!);
    if (end - start === 1) continue;
    // Small numbers begin alike, all of them.
    for (const item of sorted.splice(start).sort(compare)) sorted.push(item);
  }
  return sorted;
}

/**
 * The indexes of numbers below 2^48 in the order of the numbers, as far as the number's high bits go: of n numbers
 * 53 - log2(n).
 */
export function sortedOrder(numbers: Float64Array): Uint32Array {
  // Sorting typed arrays without a comparison function is native; so number and index go into one.
  const scale = 2 ** Math.ceil(Math.log2(Math.max(2, numbers.length)));
  const shrink = Math.max(1, (2 ** 48 * scale) / 2 ** 53);
  const packed = new Float64Array(numbers.length);
  for (let i = 0; i < packed.length; i++) packed[i] = Math.floor(numbers[i]! / shrink) * scale + i;
  packed.sort();
  const order = new Uint32Array(packed.length);
  for (let i = 0; i < order.length; i++) order[i] = packed[i]! % scale;
  return order;
}
