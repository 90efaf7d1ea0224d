import { assert, equalBytes } from '@sheaf/primitives';
import { decodeBranch, type Branch } from './branch-record.ts';
import { damaged } from './errors.ts';
import { beginsWith, childPosition, nibbleAt, sharedLength } from './nibbles.ts';
import type { TopNode, TrieLeaf, TrieOwner, TrieSource } from './trie-source.ts';

/** A trie of the source, or the part of one below a position. */
export interface TriePart {
  owner: TrieOwner;
  /** Where it hangs, one nibble a byte: empty for a whole trie. */
  position: Uint8Array;
  /** What hangs there, when that is known. */
  top?: TopNode | undefined;
}

/**
 * The value of a key; `undefined`: it is not there.
 * @throws ChainError `DATA_LOSS` when the source lacks what a branch says is there
 */
export function lookUp(source: TrieSource, part: TriePart, key: Uint8Array): Uint8Array | undefined {
  const leaf = walkTo(source, part, key, () => {});
  return leaf !== undefined && equalBytes(leaf.key, key) ? leaf.value : undefined;
}

/**
 * Visits the branches on the way to a key, the upper ones first, each with the depth at which it hangs; one whose
 * extension leads elsewhere is the last. What a visit is given lasts until it returns.
 * @returns the leaf at the end of the way, which may have another key; `undefined`: there is none
 * @throws ChainError `DATA_LOSS` when the source lacks what a branch says is there
 */
export function walkTo(
  source: TrieSource,
  { owner, position, top }: TriePart,
  key: Uint8Array,
  visit: (branch: Branch, depth: number) => void,
): TrieLeaf | undefined {
  assert(beginsWith(key, position), 'the key is of another part of the trie');
  let node = top ?? readTop(source, owner, position);
  for (let at = position; node.kind === 'branch';) {
    const branch = decodeBranch(node.record);
    const { extension } = branch;
    if (at.length + extension.length > 63) throw damaged(`the branch at ${nameOf(owner, at)} is deeper than its keys`);
    visit(branch, at.length);
    if (sharedLength(key, at.length, extension) < extension.length) return undefined;
    const nibble = nibbleAt(key, at.length + extension.length);
    if ((branch.present & (1 << nibble)) === 0) return undefined;
    at = childPosition(at, extension, nibble);
    node = readChild(source, owner, at, (branch.leaves & (1 << nibble)) !== 0);
  }
  return node.kind === 'leaf' ? node : undefined;
}

/** What hangs at the position, as the source has it: its arrays last until the source is asked again. */
export function readTop(source: TrieSource, owner: TrieOwner, position: Uint8Array): TopNode {
  const record = source.branch(owner, position);
  if (record !== undefined) return { kind: 'branch', record };
  const leaf = source.leaf(owner, position);
  return leaf === undefined ? { kind: 'empty' } : { kind: 'leaf', key: leaf.key, value: leaf.value };
}

/** The child that a branch has at the position: likewise. @throws ChainError `DATA_LOSS` when the source has none */
export function readChild(
  source: TrieSource,
  owner: TrieOwner,
  position: Uint8Array,
  isLeaf: boolean,
): Exclude<TopNode, { kind: 'empty' }> {
  if (!isLeaf) {
    const record = source.branch(owner, position);
    if (record === undefined) throw damaged(`the branch at ${nameOf(owner, position)} is missing`);
    return { kind: 'branch', record };
  }
  const leaf = source.leaf(owner, position);
  if (leaf === undefined || !beginsWith(leaf.key, position)) {
    throw damaged(`the leaf at ${nameOf(owner, position)} is missing`);
  }
  return { kind: 'leaf', key: leaf.key, value: leaf.value };
}

/** A position as messages have it: the owner and a hex digit a nibble. */
export function nameOf(owner: TrieOwner, position: Uint8Array): string {
  return `${owner}/${Array.from(position, (nibble) => nibble.toString(16)).join('')}`;
}
