// The account trie is cut into 256 buckets, bucket b at the nibbles [b >> 4, b & 15]. From the node at which each hangs,
// this makes the two levels above them:
//
//   tops of 256 buckets -> tops of 16 groups (one first nibble each) -> the top of the trie -> its root
//
// A branch with one child is none: the child's path gets its nibble, at either level.
import { branchOf, encodeTopNode, referencesOf, rootOf, type Reference } from './encode-node.ts';
import { decodeBranch, encodeBranch } from './branch-record.ts';
import type { TopNode } from './trie-source.ts';

export const bucketCount = 256;

/** The levels above the buckets. */
export interface MergedBuckets {
  /** The root of the account trie: 32 bytes. */
  root: Uint8Array;
  /** What hangs at the position []. */
  top: TopNode;
  /** What hangs at each first nibble: 16. */
  groups: readonly TopNode[];
  /** What hangs at each two nibbles: 256. */
  buckets: readonly TopNode[];
}

/** The account trie whose buckets have these tops, 256 of them in their order, any of them empty. */
export function mergeBuckets(buckets: readonly TopNode[]): MergedBuckets {
  const groups = Array.from({ length: 16 }, (_, nibble) => joinTops(buckets.slice(16 * nibble, 16 * nibble + 16), 1));
  const top = joinTops(groups, 0);
  return { root: rootOf(top, 0), top, groups, buckets };
}

/** The position of a bucket. */
export function bucketPosition(bucket: number): Uint8Array {
  return Uint8Array.of(bucket >> 4, bucket & 15);
}

/** The bucket of a key. */
export function bucketOf(key: Uint8Array): number {
  return key[0]!;
}

/** The node that hangs at the depth when these 16 hang below it, one a nibble. */
function joinTops(children: readonly TopNode[], depth: number): TopNode {
  const present = children.flatMap(({ kind }, nibble) => (kind === 'empty' ? [] : [nibble]));
  if (present.length === 0) return { kind: 'empty' };
  if (present.length === 1) return prolongTop(children[present[0]!]!, present[0]!);
  const references: (Reference | undefined)[] = new Array<undefined>(16).fill(undefined);
  let leaves = 0;
  const hashed = referencesOf(present.map((nibble) => encodeTopNode(children[nibble]!, depth + 1)));
  present.forEach((nibble, at) => {
    references[nibble] = hashed[at];
    if (children[nibble]!.kind === 'leaf') leaves |= 1 << nibble;
  });
  return { kind: 'branch', record: encodeBranch(branchOf(new Uint8Array(0), references, leaves)) };
}

/** The same node one level up. */
function prolongTop(top: TopNode, nibble: number): TopNode {
  if (top.kind !== 'branch') return top;
  const branch = decodeBranch(top.record);
  const extension = Uint8Array.of(nibble, ...branch.extension);
  return { kind: 'branch', record: encodeBranch({ ...branch, extension }) };
}
