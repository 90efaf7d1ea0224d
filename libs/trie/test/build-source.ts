import { bytesToHex, compareBytes } from '@sheaf/primitives';
import { encodeBranch } from '../src/branch-record.ts';
import { branchOf, encodeTopNode, referenceOf, type Reference } from '../src/encode-node.ts';
import { beginsWith, nibbleAt } from '../src/nibbles.ts';
import type { TopNode, TrieLeaf, TrieSource } from '../src/trie-source.ts';

/** A trie built from its leaves at once. */
export interface BuiltTrie extends TrieSource {
  /** The branches by the hex of their position's nibbles, one a byte. */
  branches: Map<string, Uint8Array>;
  leaves: readonly TrieLeaf[];
  /** What hangs at the position, which must be one where a node can be asked for. */
  topAt(position: Uint8Array): TopNode;
}

/**
 * The part below the position of the trie that has these leaves, of any owner. It hands over one and the same array
 * again and again, as a source may.
 */
export function buildSource(entries: Iterable<TrieLeaf>, position: Uint8Array = new Uint8Array(0)): BuiltTrie {
  const leaves = [...entries].filter(({ key }) => beginsWith(key, position)).sort((a, b) => compareBytes(a.key, b.key));
  const branches = new Map<string, Uint8Array>();
  buildTop(leaves, position, branches);
  const scratch = new Uint8Array(1024);
  const lend = (bytes: Uint8Array, at: number): Uint8Array => {
    scratch.set(bytes, at);
    return scratch.subarray(at, at + bytes.length);
  };
  const branch = (_: number, at: Uint8Array) => {
    const record = branches.get(bytesToHex(at));
    return record === undefined ? undefined : lend(record, 0);
  };
  const leaf = (_: number, at: Uint8Array) => {
    const found = leaves.find(({ key }) => beginsWith(key, at));
    return found === undefined ? undefined : { key: lend(found.key, 0), value: lend(found.value, 32) };
  };
  const topAt = (at: Uint8Array): TopNode => {
    const record = branches.get(bytesToHex(at));
    if (record !== undefined) return { kind: 'branch', record };
    const found = leaves.find(({ key }) => beginsWith(key, at));
    return found === undefined ? { kind: 'empty' } : { kind: 'leaf', ...found };
  };
  return { branches, leaves, branch, leaf, topAt };
}

function buildTop(leaves: readonly TrieLeaf[], position: Uint8Array, branches: Map<string, Uint8Array>): TopNode {
  if (leaves.length === 0) return { kind: 'empty' };
  if (leaves.length === 1) return { kind: 'leaf', ...leaves[0]! };
  const [first, last] = [leaves[0]!.key, leaves.at(-1)!.key];
  let depth = position.length;
  while (nibbleAt(first, depth) === nibbleAt(last, depth)) depth += 1;
  const path = Uint8Array.from({ length: depth }, (_, at) => nibbleAt(first, at));
  const references: (Reference | undefined)[] = [];
  let mask = 0;
  for (let nibble = 0; nibble < 16; nibble++) {
    const below = leaves.filter(({ key }) => nibbleAt(key, depth) === nibble);
    const child = buildTop(below, Uint8Array.of(...path, nibble), branches);
    references.push(child.kind === 'empty' ? undefined : referenceOf(encodeTopNode(child, depth + 1)));
    if (child.kind === 'leaf') mask |= 1 << nibble;
  }
  const record = encodeBranch(branchOf(path.slice(position.length), references, mask));
  branches.set(bytesToHex(position), record);
  return { kind: 'branch', record };
}
