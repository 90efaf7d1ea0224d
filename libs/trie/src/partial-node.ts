import { decodeBranch, type Branch } from './branch-record.ts';
import { decodeNode, type DecodedNode } from './decode-node.ts';
import { referenceAt } from './encode-node.ts';
import { damaged } from './errors.ts';
import { childPosition, packKey } from './nibbles.ts';
import type { TopNode } from './trie-source.ts';

/**
 * A trie, or the part of one below a position, of which only some nodes are known: a witness. What is not known stands
 * there by its hash. A node below 32 bytes, which has no hash, is always known.
 */
export type PartialNode = PartialLeaf | PartialBranch | { kind: 'hash'; hash: Uint8Array };

export interface PartialLeaf {
  kind: 'leaf';
  key: Uint8Array;
  value: Uint8Array;
}

export interface PartialBranch {
  kind: 'branch';
  extension: Uint8Array;
  /** 16 places. */
  children: readonly (PartialNode | undefined)[];
}

/** The node that hangs at the position, and nothing below it that has a hash. Takes copies of all. */
export function toPartial(top: Exclude<TopNode, { kind: 'empty' }>, position: Uint8Array): PartialLeaf | PartialBranch {
  if (top.kind === 'leaf') return { kind: 'leaf', key: top.key.slice(), value: top.value.slice() };
  const branch = decodeBranch(top.record.slice());
  const children = branch.references.map((_, nibble) => childByReference(branch, nibble, position));
  return { kind: 'branch', extension: branch.extension, children };
}

/** A child as the branch at the position names it. @throws ChainError `DATA_LOSS` when an embedded one is no node */
export function childByReference(branch: Branch, nibble: number, position: Uint8Array): PartialNode | undefined {
  const reference = referenceAt(branch, nibble);
  if (reference === undefined) return undefined;
  if (reference.length === 32) return { kind: 'hash', hash: reference };
  const at = childPosition(position, branch.extension, nibble);
  return fromDecoded(readEmbedded(reference, at.length), at);
}

function readEmbedded(encoding: Uint8Array, depth: number): DecodedNode {
  try {
    return decodeNode(encoding, depth, 'child');
  } catch (cause) {
    throw damaged('a branch record has an embedded child that is no node', cause);
  }
}

/** The same node one level up: the nibble is above its path. */
export function prolongPartial(node: PartialLeaf | PartialBranch, nibble: number): PartialLeaf | PartialBranch {
  return node.kind === 'leaf' ? node : { ...node, extension: Uint8Array.of(nibble, ...node.extension) };
}

function fromDecoded(node: DecodedNode, position: Uint8Array, extension: Uint8Array = new Uint8Array(0)): PartialNode {
  if (node.kind === 'leaf') {
    return { kind: 'leaf', key: packKey(Uint8Array.of(...position, ...node.path)), value: node.value };
  }
  // Whatever is in a node below 32 bytes is no hash.
  if (node.kind === 'extension') return fromDecoded(node.child as DecodedNode, position, node.path);
  const children = node.children.map((child, nibble) =>
    child === undefined ? undefined : fromDecoded(child as DecodedNode, childPosition(position, extension, nibble)),
  );
  return { kind: 'branch', extension, children };
}
