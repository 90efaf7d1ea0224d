import { compareBytes } from '@sheaf/primitives';
import { encodeAccountRecord, emptyRootBytes, leafOfAccountRecord } from '@sheaf/state';
import {
  bucketCount,
  bucketPosition,
  createTrieEngine,
  mergeBuckets,
  type ChangedBranch,
  type MergedBuckets,
  type TopNode,
  type TrieLeaf,
  type TrieSource,
} from '@sheaf/trie';
import { setImmediate } from 'node:timers/promises';
import { accountOf, type SortedAccounts } from './accounts.ts';

/** Of 12 nibbles and a one before them a number below 2^53 can be made. */
const nibblesMax = 12;

/** The branches of an account trie in a Map; its leaves are made when they are asked for. */
export class MemoryTrie implements TrieSource {
  readonly #sorted: SortedAccounts;
  readonly #branches = new Map<number | string, Uint8Array>();
  tops: TopNode[] = [];

  constructor(sorted: SortedAccounts) {
    this.#sorted = sorted;
  }

  branch(_owner: number, position: Uint8Array): Uint8Array | undefined {
    return this.#branches.get(keyOf(position));
  }

  /** As it was at first: what a commit of updates asks for it does not read. */
  leaf(_owner: number, position: Uint8Array): TrieLeaf | undefined {
    const from = new Uint8Array(32);
    position.forEach((nibble, i) => (from[i >> 1]! |= i % 2 === 0 ? nibble << 4 : nibble));
    const rank = this.#rankOf(from);
    if (rank === this.#sorted.count) return undefined;
    const key = this.#sorted.keyAt(rank);
    const begins = position.every((nibble, i) => (i % 2 === 0 ? key[i >> 1]! >> 4 : key[i >> 1]! & 15) === nibble);
    return begins ? { key, value: leafOf(this.#sorted.numberAt(rank)) } : undefined;
  }

  /** Of an account that there is, as it was at first. */
  leafOf(key: Uint8Array): Uint8Array {
    return leafOf(this.#sorted.numberAt(this.#rankOf(key)));
  }

  /** Sets the branches; what is given back sets them as they were. */
  apply(changed: Iterable<ChangedBranch>): () => void {
    const nodes = [...changed];
    const before = nodes.map(({ position }) => this.#branches.get(keyOf(position)));
    nodes.forEach(({ position, after }) => this.#set(position, after));
    return () => nodes.forEach(({ position }, i) => this.#set(position, before[i]));
  }

  #set(position: Uint8Array, record: Uint8Array | undefined): void {
    if (record === undefined) this.#branches.delete(keyOf(position));
    else this.#branches.set(keyOf(position), record);
  }

  /** Of the first key that is not below this one. */
  #rankOf(from: Uint8Array): number {
    let low = 0;
    let high = this.#sorted.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareBytes(this.#sorted.keyAt(middle), from) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What the trie has for account `number` at first, or with so much more. */
export function leafOf(number: number, more = 0n): Uint8Array {
  const account = accountOf(number);
  const balance = account.balance + more;
  return leafOfAccountRecord(encodeAccountRecord({ ...account, balance, storageId: 0, storageRoot: emptyRootBytes }));
}

const nothing: TrieSource = { branch: () => undefined, leaf: () => undefined };

/** The trie of these accounts, and the levels above its buckets. */
export async function buildMemoryTrie(sorted: SortedAccounts): Promise<{ trie: MemoryTrie; merged: MergedBuckets }> {
  const trie = new MemoryTrie(sorted);
  const engine = createTrieEngine();
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    const start = sorted.bucketStart(bucket);
    const changes = Array.from({ length: sorted.bucketStart(bucket + 1) - start }, (_, i) => ({
      key: sorted.keyAt(start + i),
      value: leafOf(sorted.numberAt(start + i)),
      existed: false,
    }));
    const { tops, nodes } = engine.commit([{ owner: 0, position: bucketPosition(bucket), changes }], nothing);
    trie.apply(nodes);
    trie.tops.push(tops[0]!);
    await setImmediate();
  }
  return { trie, merged: mergeBuckets(trie.tops) };
}

function keyOf(position: Uint8Array): number | string {
  if (position.length > nibblesMax) return String.fromCharCode(...position);
  let key = 1;
  for (let i = 0; i < position.length; i++) key = key * 16 + position[i]!;
  return key;
}
