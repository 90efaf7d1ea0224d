import { createMPT } from '@ethereumjs/mpt';
import { MapDB, ValueEncoding } from '@ethereumjs/util';
import { equalBytes } from '@sheaf/primitives';
import {
  decodeBranch,
  encodeBranchNode,
  encodeExtensionNode,
  encodeLeafNode,
  keccak256,
  keccakMany,
  mergedSource,
  referenceOf,
  type MergedBuckets,
  type TrieSource,
} from '@sheaf/trie';
import { setImmediate } from 'node:timers/promises';
import { BenchFault } from '../suite.ts';

/** The database of an @ethereumjs/mpt: nodes in RLP by the hex of their keccak256, without 0x. */
export type NodeDatabase = Map<string, Uint8Array>;

/** A key with its value. */
export type Put = readonly [key: Uint8Array, value: Uint8Array];

export interface Mpt {
  /** Sets the values one by one, as its API has it, and gives the root. */
  putAll(puts: readonly Put[]): Promise<Uint8Array>;
  /** It is again what it was when it was opened, and the database as well. */
  reset(): void;
}

const nodesHashedAtOnce = 4_096;

/**
 * The database of the trie that these merged buckets and their source are: 1.4 million nodes for a million accounts in
 * half a minute, where putting the accounts would take a quarter of an hour.
 */
export async function writeNodeDatabase(merged: MergedBuckets, source: TrieSource): Promise<NodeDatabase> {
  const database: NodeDatabase = new Map();
  let waiting: Uint8Array[] = [];
  const flush = (): void => {
    keccakMany(waiting).forEach((hash, i) => database.set(hexOf(hash), waiting[i]!));
    waiting = [];
  };
  const add = (node: Uint8Array): void => {
    // What is shorter stands in its parent.
    if (node.length >= 32) waiting.push(node);
    if (waiting.length === nodesHashedAtOnce) flush();
  };
  const whole = mergedSource(merged, source);
  /** Adds what hangs at the position but for the branches below, whose positions it gives. */
  const addBranch = (position: Uint8Array): Uint8Array[] => {
    const branch = decodeBranch(whole.branch(0, position)!);
    const node = encodeBranchNode(branch);
    add(node);
    if (branch.extension.length > 0) add(encodeExtensionNode(branch.extension, referenceOf(node)));
    const below: Uint8Array[] = [];
    for (let nibble = 0; nibble < 16; nibble++) {
      if ((branch.present & (1 << nibble)) === 0) continue;
      const child = Uint8Array.of(...position, ...branch.extension, nibble);
      if ((branch.leaves & (1 << nibble)) === 0) {
        below.push(child);
        continue;
      }
      const { key, value } = whole.leaf(0, child)!;
      add(encodeLeafNode(nibblesOf(key).subarray(child.length), value));
    }
    return below;
  };
  const positions: Uint8Array[] = [new Uint8Array(0)];
  for (let position; (position = positions.pop()) !== undefined;) {
    positions.push(...addBranch(position));
    if (position.length <= 3) await setImmediate();
  }
  flush();
  return database;
}

/**
 * A trie upon the database, as it is fastest: nodes in a Map as bytes, none pruned, no checkpoint around the puts (a
 * quarter slower). Its node cache makes no difference before a Map and is off. With `hash`, nodes are hashed by that
 * instead of its own keccak256 (@noble/hashes).
 * @throws BenchFault when it does not find what it must have
 */
export async function openMpt(
  database: NodeDatabase,
  root: Uint8Array,
  known: readonly Put[],
  hash?: (bytes: Uint8Array) => Uint8Array,
): Promise<Mpt> {
  const trie = await createMPT({
    db: new MapDB<string, Uint8Array>(database),
    valueEncoding: ValueEncoding.Bytes,
    root,
    useNodePruning: false,
    ...(hash === undefined ? {} : { useKeyHashingFunction: hash }),
  });
  for (const [key, value] of known) {
    const found = await trie.get(key, true);
    if (found === null || !equalBytes(found, value))
      throw new BenchFault('@ethereumjs/mpt finds another value than ours');
  }
  const nodes = database.size;
  return {
    async putAll(puts) {
      for (const [key, value] of puts) await trie.put(key, value);
      return trie.root();
    },
    reset() {
      trie.root(root);
      // A Map is in the order of insertion.
      let place = 0;
      for (const key of database.keys()) if (place++ >= nodes) database.delete(key);
    },
  };
}

/** Ours as its hash function. */
export const ourKeccak = (bytes: Uint8Array): Uint8Array => keccak256(bytes);

function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('hex');
}

function nibblesOf(key: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? key[i >> 1]! >> 4 : key[i >> 1]! & 15));
}
