import type { MergedBuckets } from './merge-buckets.ts';
import { bucketPosition } from './merge-buckets.ts';
import type { TopNode, TrieLeaf, TrieSource } from './trie-source.ts';

/**
 * The account trie as one trie from the position [] on: its two upper levels and the tops of its buckets are the merged
 * ones, all below comes from `source`, which needs the buckets that are asked for alone. Owner 0 only.
 */
export function mergedSource(merged: MergedBuckets, source: TrieSource): TrieSource {
  const topAt = (position: Uint8Array): TopNode | undefined => {
    if (position.length === 0) return merged.top;
    if (position.length === 1) return merged.groups[position[0]!];
    return position.length === 2 ? merged.buckets[16 * position[0]! + position[1]!] : undefined;
  };
  const leafOf = (bucket: number): TrieLeaf | undefined => {
    const top = merged.buckets[bucket]!;
    if (top.kind === 'empty') return undefined;
    return top.kind === 'leaf' ? { key: top.key, value: top.value } : source.leaf(0, bucketPosition(bucket));
  };
  return {
    branch(owner, position) {
      if (position.length > 2) return source.branch(owner, position);
      const top = topAt(position);
      return top?.kind === 'branch' ? top.record : undefined;
    },
    leaf(owner, position) {
      if (position.length > 2) return source.leaf(owner, position);
      const [high = 0, low = 0] = position;
      const first = 16 * high + low;
      const count = 256 >> (4 * position.length);
      for (let bucket = first; bucket < first + count; bucket++) {
        const leaf = leafOf(bucket);
        if (leaf !== undefined) return leaf;
      }
      return undefined;
    },
  };
}
