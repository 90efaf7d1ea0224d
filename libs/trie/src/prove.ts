import { nodesOfBranch, encodeLeafNode } from './encode-node.ts';
import { walkTo } from './look-up.ts';
import type { MergedBuckets } from './merge-buckets.ts';
import { mergedSource } from './merged-source.ts';
import { sharedLength, toNibbles } from './nibbles.ts';
import type { TrieOwner, TrieSource } from './trie-source.ts';

/**
 * The nodes from the root towards a key in RLP, as eth_getProof gives them (EIP-1186): a proof of its value, or that it
 * has none. Of a node below 32 bytes there is nothing, it stands in its parent. Where the way ends at another leaf or at
 * an extension that leads elsewhere, that is the last. A trie without keys has no nodes: the list is empty, as geth's.
 * @throws ChainError `DATA_LOSS` when the source lacks what a branch says is there
 */
export function prove(source: TrieSource, owner: TrieOwner, key: Uint8Array): Uint8Array[] {
  const nodes: Uint8Array[] = [];
  const add = (node: Uint8Array): void => {
    if (node.length >= 32 || nodes.length === 0) nodes.push(node);
  };
  let depth = 0;
  const leaf = walkTo(source, { owner, position: new Uint8Array(0) }, key, (branch, at) => {
    const { extension } = branch;
    const reached = sharedLength(key, at, extension) === extension.length;
    nodesOfBranch(branch)
      .slice(0, reached ? 2 : 1)
      .forEach(add);
    depth = at + extension.length + 1;
  });
  if (leaf !== undefined) add(encodeLeafNode(toNibbles(leaf.key).subarray(depth), leaf.value));
  return nodes;
}

/** The same for a key of the account trie. The source needs the key's bucket alone. */
export function proveAccount(merged: MergedBuckets, source: TrieSource, key: Uint8Array): Uint8Array[] {
  return prove(mergedSource(merged, source), 0, key);
}
