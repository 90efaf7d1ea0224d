import { bucketPosition, type TopNode, type TrieOwner, type TrieSource } from '@sheaf/trie';
import type { BucketRange } from './meta.ts';

/** What hangs at a position. Copies. */
export function readTop(source: TrieSource, owner: TrieOwner, position: Uint8Array): TopNode {
  const record = source.branch(owner, position);
  if (record !== undefined) return { kind: 'branch', record: record.slice() };
  const leaf = source.leaf(owner, position);
  return leaf === undefined ? { kind: 'empty' } : { kind: 'leaf', key: leaf.key, value: leaf.value };
}

/** What hangs at each of the 256 buckets; those out of the range are empty. */
export function readTops(source: TrieSource, { first, end }: BucketRange): TopNode[] {
  return Array.from({ length: 256 }, (_, bucket) =>
    bucket < first || bucket >= end ? { kind: 'empty' } : readTop(source, 0, bucketPosition(bucket)),
  );
}
