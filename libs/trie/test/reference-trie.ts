// A trie made from all of its leaves, the plain way: what an engine's tries are compared with.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { RLP } from '@ethereumjs/rlp';
import { bytesToHex } from '@sheaf/primitives';
import { encodeBranch } from '../src/branch-record.ts';
import { toNibbles } from '../src/nibbles.ts';
import type { TopNode, TrieLeaf } from '../src/trie-source.ts';

export interface ReferenceTrie {
  top: TopNode;
  root: Uint8Array;
  /** By position, one hex digit a nibble. */
  records: Map<string, Uint8Array>;
}

type Rlp = Uint8Array | Rlp[];

/** What hangs in a slot: the node, and what its encoding is made from. */
interface Made {
  top: TopNode;
  item: Rlp;
}

/** The trie, or the part of one below `depth` nibbles that all keys share. */
export function referenceTrie(leaves: readonly TrieLeaf[], depth: number): ReferenceTrie {
  const sorted = leaves
    .map((leaf) => ({ ...leaf, path: toNibbles(leaf.key) }))
    .sort((a, b) => (bytesToHex(a.key) < bytesToHex(b.key) ? -1 : 1));
  const records = new Map<string, Uint8Array>();
  if (sorted.length === 0) {
    return { top: { kind: 'empty' }, root: keccak_256(Uint8Array.of(0x80)), records };
  }
  const { top, item } = make(sorted, depth, records);
  return { top, root: keccak_256(RLP.encode(item)), records };
}

function make(leaves: (TrieLeaf & { path: Uint8Array })[], depth: number, records: Map<string, Uint8Array>): Made {
  const first = leaves[0]!;
  if (leaves.length === 1) {
    const { key, value, path } = first;
    return { top: { kind: 'leaf', key, value }, item: [hexPrefix(path.subarray(depth), 2), value] };
  }
  let end = depth;
  while (leaves.every(({ path }) => path[end] === first.path[end])) end += 1;
  const items: Rlp[] = [];
  const branch = {
    extension: first.path.subarray(depth, end),
    present: 0,
    leaves: 0,
    embedded: 0,
    references: new Array<Uint8Array | undefined>(16).fill(undefined),
  };
  for (let nibble = 0; nibble < 16; nibble++) {
    const below = leaves.filter(({ path }) => path[end] === nibble);
    items[nibble] = new Uint8Array(0);
    if (below.length === 0) continue;
    const { top, item } = make(below, end + 1, records);
    const encoded = RLP.encode(item);
    const embedded = encoded.length < 32;
    branch.present |= 1 << nibble;
    if (top.kind === 'leaf') branch.leaves |= 1 << nibble;
    if (embedded) branch.embedded |= 1 << nibble;
    const reference = new Uint8Array(32);
    reference.set(embedded ? encoded : keccak_256(encoded));
    branch.references[nibble] = reference;
    items[nibble] = embedded ? item : reference;
  }
  items[16] = new Uint8Array(0);
  const record = encodeBranch(branch);
  records.set(positionText(first.path.subarray(0, depth)), record);
  return { top: { kind: 'branch', record }, item: end > depth ? extend(branch.extension, items) : items };
}

function extend(extension: Uint8Array, items: Rlp[]): Rlp {
  const encoded = RLP.encode(items);
  return [hexPrefix(extension, 0), encoded.length < 32 ? items : keccak_256(encoded)];
}

export function positionText(position: Uint8Array): string {
  return Array.from(position, (nibble) => nibble.toString(16)).join('');
}

function hexPrefix(path: Uint8Array, flag: number): Uint8Array {
  const nibbles = path.length % 2 === 1 ? [flag + 1, ...path] : [flag, 0, ...path];
  return Uint8Array.from({ length: nibbles.length / 2 }, (_, i) => nibbles[2 * i]! * 16 + nibbles[2 * i + 1]!);
}
