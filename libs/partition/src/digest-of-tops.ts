import { concatBytes } from '@sheaf/primitives';
import { encodeTop, keccak256, type TopNode } from '@sheaf/trie';

/** keccak256 over what hangs at the buckets, in their order. */
export function digestOfTops(tops: readonly TopNode[]): Uint8Array {
  return keccak256(concatBytes(...tops.map(encodeTop)));
}
