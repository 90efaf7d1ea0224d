import { concatBytes } from '@sheaf/primitives';
import { encodeTop, keccak256, type TopNode } from '@sheaf/trie';

/** By which a store finds out that its branches are those of its head. 32 bytes. */
export function digestOf(tops: readonly TopNode[]): Uint8Array {
  return keccak256(concatBytes(...tops.map(encodeTop)));
}
