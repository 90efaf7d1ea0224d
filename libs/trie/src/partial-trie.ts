import { encodeBranch } from './branch-record.ts';
import {
  branchOf,
  emptyTrieRoot,
  encodeBranchNode,
  encodeExtensionNode,
  encodeLeafNode,
  referencesOf,
  type Reference,
} from './encode-node.ts';
import { decodePartial, encodePartial } from './encode-partial.ts';
import { damaged } from './errors.ts';
import { lookUp, nameOf } from './look-up.ts';
import { beginsWith, toNibbles } from './nibbles.ts';
import type { PartialBranch, PartialLeaf, PartialNode } from './partial-node.ts';
import type { TrieLeaf, TrieOwner, TrieSource } from './trie-source.ts';

const whole = new Uint8Array(0);

/**
 * One trie of which some nodes are known, of whatever owner it is asked for. All it has was hashed up to its root: when
 * that is the root that is believed, what it tells is true. Asked for what it does not know it throws, so that an engine
 * makes the right root over it or none.
 */
export class PartialTrie implements TrieSource {
  /** 32 bytes: to compare with the root that is believed, before anything else is asked. */
  readonly root: Uint8Array;
  readonly #top: PartialNode | undefined;
  readonly #records: ReadonlyMap<PartialBranch, Uint8Array>;

  constructor(top: PartialNode | undefined) {
    this.#top = top;
    ({ root: this.root, records: this.#records } = sealPartial(top));
  }

  /** The trie of `encode`. @throws ChainError `INVALID_ARGUMENT` naming `field`, as `decodePartial` */
  static decode(bytes: Uint8Array, field = 'witness'): PartialTrie {
    return new PartialTrie(decodePartial(bytes, whole, field));
  }

  encode(): Uint8Array {
    return encodePartial(this.#top, whole);
  }

  /** The value of a key; `undefined`: it is not there. @throws ChainError `DATA_LOSS` when the witness does not tell */
  lookUp(key: Uint8Array): Uint8Array | undefined {
    return lookUp(this, { owner: 0, position: whole }, key);
  }

  /**
   * The record has a child that is known by its hash alone as a branch, whatever it is, so that the asker comes back for
   * it.
   * @throws ChainError `DATA_LOSS` when the witness does not tell
   */
  branch(owner: TrieOwner, position: Uint8Array): Uint8Array | undefined {
    const { node, depth } = this.#above(owner, position);
    return node?.kind === 'branch' && depth === position.length ? this.#records.get(node) : undefined;
  }

  /** @throws ChainError `DATA_LOSS` when the witness does not tell */
  leaf(owner: TrieOwner, position: Uint8Array): TrieLeaf | undefined {
    let node: PartialNode | undefined = this.#above(owner, position).node;
    while (node?.kind === 'branch') node = node.children.find((child) => child !== undefined);
    if (node?.kind === 'hash') throw lacks(owner, position);
    return node !== undefined && beginsWith(node.key, position) ? { key: node.key, value: node.value } : undefined;
  }

  /** The node at or above the position below which all is that is below the position, and the depth where it hangs. */
  #above(owner: TrieOwner, position: Uint8Array): { node: PartialLeaf | PartialBranch | undefined; depth: number } {
    let node = this.#top;
    for (let depth = 0; ;) {
      if (node?.kind === 'hash') throw lacks(owner, position);
      if (node === undefined || node.kind === 'leaf') return { node, depth };
      const { extension, children } = node;
      for (let i = 0; i < extension.length && depth + i < position.length; i++) {
        if (extension[i] !== position[depth + i]) return { node: undefined, depth };
      }
      if (depth + extension.length >= position.length) return { node, depth };
      depth += extension.length + 1;
      node = children[position[depth - 1]!];
    }
  }
}

/** The tries as one source, each under its owner. Another owner's is `DATA_LOSS`: one without keys must be there too. */
export function partialTries(tries: ReadonlyMap<TrieOwner, PartialTrie>): TrieSource {
  const trieOf = (owner: TrieOwner): PartialTrie => {
    const trie = tries.get(owner);
    if (trie === undefined) throw damaged(`the witness lacks the trie ${owner}`);
    return trie;
  };
  return {
    branch: (owner, position) => trieOf(owner).branch(owner, position),
    leaf: (owner, position) => trieOf(owner).leaf(owner, position),
  };
}

function lacks(owner: TrieOwner, position: Uint8Array) {
  return damaged(`the witness lacks the node at ${nameOf(owner, position)}`);
}

/** Hashes a whole trie from its lowest level up, each level at once: its root, and the record of each branch. */
function sealPartial(top: PartialNode | undefined): {
  root: Uint8Array;
  records: Map<PartialBranch, Uint8Array>;
} {
  const records = new Map<PartialBranch, Uint8Array>();
  if (top === undefined) return { root: emptyTrieRoot, records };
  if (top.kind === 'hash') return { root: top.hash, records };
  const references = new Map<PartialNode, Reference>();
  for (const level of levelsOf(top).toReversed()) {
    const encodings = level.map(({ node, depth }) => {
      if (node.kind === 'leaf') return encodeLeafNode(toNibbles(node.key).subarray(depth), node.value);
      let leaves = 0;
      const children = node.children.map((child, nibble) => {
        if (child?.kind === 'leaf') leaves |= 1 << nibble;
        return child?.kind === 'hash' ? child.hash : child && references.get(child);
      });
      const branch = branchOf(node.extension, children, leaves);
      records.set(node, encodeBranch(branch));
      return encodeBranchNode(branch);
    });
    referencesOf(encodings).forEach((reference, at) => references.set(level[at]!.node, reference));
    const extended = level.flatMap(({ node }) => (node.kind === 'branch' && node.extension.length > 0 ? [node] : []));
    referencesOf(extended.map((node) => encodeExtensionNode(node.extension, references.get(node)!))).forEach(
      (reference, at) => references.set(extended[at]!, reference),
    );
  }
  // The node at the root is not below 32 bytes: the paths down from it are 64 nibbles long.
  return { root: references.get(top)!, records };
}

/** The known nodes by how many are above them, each with the depth where it hangs. */
function levelsOf(top: PartialLeaf | PartialBranch): { node: PartialLeaf | PartialBranch; depth: number }[][] {
  const levels = [[{ node: top, depth: 0 }]];
  for (;;) {
    const next: { node: PartialLeaf | PartialBranch; depth: number }[] = [];
    for (const { node, depth } of levels.at(-1)!) {
      if (node.kind === 'leaf') continue;
      const below = depth + node.extension.length + 1;
      for (const child of node.children) {
        if (child !== undefined && child.kind !== 'hash') next.push({ node: child, depth: below });
      }
    }
    if (next.length === 0) return levels;
    levels.push(next);
  }
}
