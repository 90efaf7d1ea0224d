import type { TopNode, TrieOwner } from './trie-source.ts';

/** One key's change. */
export interface LeafChange {
  /** 32 bytes. */
  key: Uint8Array;
  /** What it has afterwards; `undefined` deletes it. Never empty. */
  value: Uint8Array | undefined;
  /** Whether the trie has the key now. It must be right: the leaf of a key that is there is not read again. */
  existed: boolean;
}

/** What changes in one trie, or in the part of it below a position. */
export interface TrieBatch {
  owner: TrieOwner;
  /** Where the part hangs, one nibble a byte: empty for a whole trie, two nibbles for a bucket. */
  position: Uint8Array;
  /** By rising key, each key once, all of them below the position. */
  changes: readonly LeafChange[];
}

/** Branches that changed, in the order of (owner, position). */
export interface TrieCommit {
  /** What hangs at the position of each batch afterwards, in the order of the batches. */
  tops: TopNode[];
  /** keccak256 of each top's node, as a trie's root is made: 32 bytes; of the empty string's RLP when it is empty. */
  roots: Uint8Array[];
  /** Before and after of each branch, as `node-diff.ts` lays it out: what goes into a journal. */
  diff: Uint8Array;
  /** Whether `diff` and `nodes` can still be read: what is lent lasts until the engine commits again. */
  readonly valid: boolean;
  /** Made anew each time they are gone through: a full block has twenty thousand, too many to keep as objects. */
  nodes: Iterable<ChangedBranch>;
}

export interface ChangedBranch {
  owner: TrieOwner;
  position: Uint8Array;
  /** Its record afterwards; `undefined`: no branch hangs there any more. */
  after: Uint8Array | undefined;
}
