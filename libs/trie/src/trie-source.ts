/** What lies under a position of a trie: the account trie is owner 0, a storage trie any other number below 2^48. */
export type TrieOwner = number;

/** A key with its value. */
export interface TrieLeaf {
  /** 32 bytes: a keccak256, so keys are uniform and prefix-free. */
  key: Uint8Array;
  /** The leaf's value as the trie has it: RLP of an account or of a slot. Never empty. */
  value: Uint8Array;
}

/**
 * Where a trie's nodes come from. Only branches are stored, each under the position where it hangs (the nibbles of the
 * path from the root, one a byte) together with the extension above it; a leaf is what the flat tables have. Synchronous.
 * What it hands over is read before it is asked again, and not kept. It may throw, and leaves the asker usable.
 */
export interface TrieSource {
  /** The branch that hangs at the position, as `branch-record.ts` lays it out; `undefined`: none does. */
  branch(owner: TrieOwner, position: Uint8Array): Uint8Array | undefined;
  /** The leaf with the lowest key that begins with the position; `undefined`: there is none. */
  leaf(owner: TrieOwner, position: Uint8Array): TrieLeaf | undefined;
}

/** The node at which a trie, or a bucket's part of one, hangs; nothing of it hashed. */
export type TopNode =
  | { kind: 'empty' }
  | { kind: 'leaf'; key: Uint8Array; value: Uint8Array }
  /** The record, laid out as in `branch-record.ts`. */
  | { kind: 'branch'; record: Uint8Array };
