export { countBits, decodeBranch, encodeBranch, type Branch } from './branch-record.ts';
export {
  collectAccounts,
  collectPart,
  collectPartial,
  joinParts,
  type CollectedPart,
  type TouchedKeys,
} from './collect.ts';
export { nodeBytesMax } from './decode-node.ts';
export {
  branchOf,
  emptyTrieRoot,
  encodeBranchNode,
  encodeExtensionNode,
  encodeLeafNode,
  encodeTopNode,
  referenceAt,
  referenceOf,
  rootOf,
  type Reference,
} from './encode-node.ts';
export { decodePartial, encodePartial, partialNodesMax } from './encode-partial.ts';
export { decodeTop, encodeTop, topBytesMax } from './encode-top.ts';
export { keccak256, keccakMany } from './keccak.ts';
export { lookUp, type TriePart } from './look-up.ts';
export { MemoryTrieSource } from './memory-source.ts';
export { bucketCount, bucketOf, bucketPosition, mergeBuckets, type MergedBuckets } from './merge-buckets.ts';
export { mergedSource } from './merged-source.ts';
export { followNodeDiff, readNodeDiff, type NodeDiff } from './node-diff.ts';
export type { PartialBranch, PartialLeaf, PartialNode } from './partial-node.ts';
export { partialTries, PartialTrie } from './partial-trie.ts';
export { prove, proveAccount } from './prove.ts';
export type { ChangedBranch, LeafChange, TrieBatch, TrieCommit } from './trie-batch.ts';
export {
  createTrieEngine,
  type CommitOptions,
  type TrieEngine,
  type TrieEngineOptions,
  type TrieEngineStats,
} from './trie-engine.ts';
export type { TopNode, TrieLeaf, TrieOwner, TrieSource } from './trie-source.ts';
export { proofNodesMax, verifyProof } from './verify-proof.ts';
