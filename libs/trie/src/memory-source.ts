import { toNibbles } from './nibbles.ts';
import type { TrieBatch, TrieCommit } from './trie-batch.ts';
import type { TrieLeaf, TrieOwner, TrieSource } from './trie-source.ts';

/** What a trie has; positions and keys are texts of one character a nibble, which sort as nibbles do. */
interface MemoryTrie {
  branches: Map<string, Uint8Array>;
  leaves: Map<string, TrieLeaf>;
  /** The keys of the leaves, rising. */
  keys: string[];
}

/** Tries in memory: empty ones until commits are applied. A look-up takes no longer for many leaves than for few. */
export class MemoryTrieSource implements TrieSource {
  readonly #tries = new Map<TrieOwner, MemoryTrie>();

  branch(owner: TrieOwner, position: Uint8Array): Uint8Array | undefined {
    return this.#tries.get(owner)?.branches.get(toText(position));
  }

  leaf(owner: TrieOwner, position: Uint8Array): TrieLeaf | undefined {
    const trie = this.#tries.get(owner);
    if (trie === undefined) return undefined;
    const prefix = toText(position);
    const key = trie.keys[lowerBound(trie.keys, prefix)];
    return key?.startsWith(prefix) ? trie.leaves.get(key) : undefined;
  }

  /** The leaf of the key. */
  get(owner: TrieOwner, key: Uint8Array): TrieLeaf | undefined {
    return this.#tries.get(owner)?.leaves.get(toText(toNibbles(key)));
  }

  /** All branches, in no order. */
  *branches(): Iterable<{ owner: TrieOwner; position: Uint8Array; record: Uint8Array }> {
    for (const [owner, { branches }] of this.#tries) {
      for (const [text, record] of branches) {
        yield { owner, position: Uint8Array.from(text, (nibble) => nibble.charCodeAt(0)), record };
      }
    }
  }

  /**
   * Afterwards the tries are as the batches, whose commit it is, make them. New or deleted keys cost a pass over all
   * of their trie's.
   */
  apply(commit: TrieCommit, batches: readonly TrieBatch[]): void {
    for (const { owner, position, after } of commit.nodes) {
      const { branches } = this.#open(owner);
      if (after === undefined) branches.delete(toText(position));
      else branches.set(toText(position), after.slice());
    }
    const changed = new Map<TrieOwner, TrieBatch[]>();
    for (const batch of batches) {
      const ofOwner = changed.get(batch.owner);
      if (ofOwner === undefined) changed.set(batch.owner, [batch]);
      else ofOwner.push(batch);
    }
    for (const [owner, ofOwner] of changed) {
      const trie = this.#open(owner);
      changeLeaves(trie, ofOwner);
      if (trie.keys.length === 0) this.#tries.delete(owner);
    }
  }

  #open(owner: TrieOwner): MemoryTrie {
    const trie = this.#tries.get(owner) ?? { branches: new Map(), leaves: new Map(), keys: [] };
    this.#tries.set(owner, trie);
    return trie;
  }
}

/** The batches are of one trie, in the order of their positions. */
function changeLeaves(trie: MemoryTrie, batches: readonly TrieBatch[]): void {
  const { leaves } = trie;
  const inserted: string[] = [];
  const countBefore = leaves.size;
  for (const { changes } of batches) {
    for (const { key, value } of changes) {
      const text = toText(toNibbles(key));
      if (value === undefined) {
        leaves.delete(text);
      } else {
        if (!leaves.has(text)) inserted.push(text);
        leaves.set(text, { key: key.slice(), value: value.slice() });
      }
    }
  }
  const deletedNone = leaves.size === countBefore + inserted.length;
  const left = deletedNone ? trie.keys : trie.keys.filter((key) => leaves.has(key));
  trie.keys = inserted.length === 0 ? left : mergeSorted(left, inserted);
}

function mergeSorted(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = [];
  let at = 0;
  for (const key of b) {
    while (at < a.length && a[at]! < key) merged.push(a[at++]!);
    merged.push(key);
  }
  while (at < a.length) merged.push(a[at++]!);
  return merged;
}

/** The first index whose key is not below the prefix. */
function lowerBound(keys: readonly string[], prefix: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < prefix) low = middle + 1;
    else high = middle;
  }
  return low;
}

function toText(nibbles: Uint8Array): string {
  return String.fromCharCode.apply(null, nibbles as unknown as number[]);
}
