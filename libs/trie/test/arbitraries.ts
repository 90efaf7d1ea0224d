import { bytesToHex } from '@sheaf/primitives';
import fc from 'fast-check';
import type { TrieLeaf } from '../src/trie-source.ts';

/**
 * Keys that share prefixes of every length: a few of their bytes, the first two and the last two among them, are not
 * zero. Those that differ at the end alone make leaves and branches below 32 bytes.
 */
const closeKey = fc
  .array(fc.tuple(fc.constantFrom(0, 1, 30, 31, 31), fc.constantFrom(0x01, 0x10, 0x11, 0x12, 0xf0)), { maxLength: 3 })
  .map((bytes) => {
    const key = new Uint8Array(32);
    for (const [at, byte] of bytes) key[at] = byte;
    return key;
  });
const uniformKey = fc.uint8Array({ minLength: 32, maxLength: 32 });

export const key = fc.oneof({ weight: 3, arbitrary: closeKey }, { weight: 2, arbitrary: uniformKey });
export const value = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 2 }),
  fc.uint8Array({ minLength: 1, maxLength: 110 }),
);

/** Leaves, each key once. */
export const leavesOf = (maxLength: number): fc.Arbitrary<TrieLeaf[]> =>
  fc.uniqueArray(fc.record({ key, value }), { maxLength, selector: (leaf) => bytesToHex(leaf.key) });
