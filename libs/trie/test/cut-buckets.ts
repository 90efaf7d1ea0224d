import { bucketCount, bucketPosition, mergeBuckets, type MergedBuckets } from '../src/merge-buckets.ts';
import type { TrieLeaf, TrieSource } from '../src/trie-source.ts';
import { buildSource } from './build-source.ts';

/** The account trie that has these leaves: the levels above its buckets, and a source of what is in them alone. */
export function cutBuckets(leaves: readonly TrieLeaf[]): { merged: MergedBuckets; source: TrieSource } {
  const parts = Array.from({ length: bucketCount }, (_, bucket) => buildSource(leaves, bucketPosition(bucket)));
  const partOf = ([high, low]: Uint8Array) => parts[16 * high! + low!]!;
  return {
    merged: mergeBuckets(parts.map((part, bucket) => part.topAt(bucketPosition(bucket)))),
    source: {
      branch: (owner, at) => partOf(at).branch(owner, at),
      leaf: (owner, at) => partOf(at).leaf(owner, at),
    },
  };
}
