// What of a trie is needed to read keys and to change keys without the rest of it: a partial trie of the state before.
//
//   each key's way is known, to its leaf or to where it ends
//   a branch that the changes leave with one child has it known too: that child's path grows, so it is hashed anew
//
// The account trie is collected bucket by bucket, where the buckets are; `joinParts` puts the levels above them.
import { assert, compareBytes } from '@sheaf/primitives';
import { decodeBranch } from './branch-record.ts';
import { encodeTopNode, referenceOf } from './encode-node.ts';
import { readChild, readTop, type TriePart } from './look-up.ts';
import { bucketOf, bucketPosition, type MergedBuckets } from './merge-buckets.ts';
import { beginsWith, childPosition, nibbleAt, sharedLength } from './nibbles.ts';
import {
  childByReference,
  prolongPartial,
  toPartial,
  type PartialBranch,
  type PartialLeaf,
  type PartialNode,
} from './partial-node.ts';
import type { LeafChange } from './trie-batch.ts';
import type { TopNode, TrieSource } from './trie-source.ts';

/** The keys of one trie, or of a part of one, that a block touches. */
export interface TouchedKeys {
  /** By rising key, each once. */
  reads: readonly Uint8Array[];
  /** By rising key, each once; a key may be among the reads. A deletion of what is not there is a read. */
  changes: readonly Pick<LeafChange, 'key' | 'value'>[];
}

/** What is collected of a part of a trie. */
export interface CollectedPart {
  /** What hangs at its position before the changes; `undefined`: nothing. */
  node: PartialLeaf | PartialBranch | undefined;
  /** Whether anything hangs there after them. */
  remains: boolean;
}

/** What of the part is needed. @throws ChainError `DATA_LOSS` when the source lacks what a branch says is there */
export function collectPart(source: TrieSource, part: TriePart, keys: TouchedKeys): CollectedPart {
  const touched = mergeKeys(keys);
  assert(
    touched.every(({ key }) => beginsWith(key, part.position)),
    'a key is of another part of the trie',
  );
  const top = part.top ?? readTop(source, part.owner, part.position);
  return new Collector(source, part.owner, touched).collect(top, part.position, 0, touched.length);
}

/** What of a whole trie is needed; `undefined`: it has no keys. @throws likewise */
export function collectPartial(source: TrieSource, owner: number, keys: TouchedKeys): PartialNode | undefined {
  return collectPart(source, { owner, position: new Uint8Array(0) }, keys).node;
}

/** What of the account trie is needed. The source needs the keys' buckets alone. @throws likewise */
export function collectAccounts(merged: MergedBuckets, source: TrieSource, keys: TouchedKeys): PartialNode | undefined {
  const buckets = new Map<number, { reads: Uint8Array[]; changes: TouchedKeys['changes'][number][] }>();
  const ofBucket = (key: Uint8Array) => {
    const bucket = bucketOf(key);
    const found = buckets.get(bucket) ?? { reads: [], changes: [] };
    buckets.set(bucket, found);
    return found;
  };
  for (const key of keys.reads) ofBucket(key).reads.push(key);
  for (const change of keys.changes) ofBucket(change.key).changes.push(change);
  const parts = new Map<number, CollectedPart>();
  for (const [bucket, ofIt] of buckets) {
    const part = { owner: 0, position: bucketPosition(bucket), top: merged.buckets[bucket]! };
    parts.set(bucket, collectPart(source, part, ofIt));
  }
  return joinParts(merged, parts);
}

/**
 * What of the account trie is needed, from what is of its buckets: the part of each bucket that has keys to read or to
 * change, by its number. Of the other buckets there is a hash, or that of their group; but where the changes leave one
 * bucket of a group, or one group of all, its top is there, which `merged` has.
 */
export function joinParts(merged: MergedBuckets, parts: ReadonlyMap<number, CollectedPart>): PartialNode | undefined {
  const groups = merged.groups.map((_, nibble) => {
    const first = 16 * nibble;
    const ofGroup = Array.from({ length: 16 }, (_, low) => parts.get(first + low));
    return joinLevel(merged.buckets.slice(first, first + 16), ofGroup, Uint8Array.of(nibble));
  });
  const whole = new Uint8Array(0);
  const joined = joinLevel(merged.groups, groups, whole);
  if (joined !== undefined) return joined.node;
  return merged.top.kind === 'empty' ? undefined : { kind: 'hash', hash: merged.root };
}

/** The part at the position from those below it, one a nibble; `undefined`: there are none. */
function joinLevel(
  tops: readonly TopNode[],
  parts: readonly (CollectedPart | undefined)[],
  position: Uint8Array,
): CollectedPart | undefined {
  if (parts.every((part) => part === undefined)) return undefined;
  const none = new Uint8Array(0);
  const known = (nibble: number): PartialLeaf | PartialBranch | undefined => {
    const top = tops[nibble]!;
    return top.kind === 'empty'
      ? undefined
      : (parts[nibble]?.node ?? toPartial(top, childPosition(position, none, nibble)));
  };
  let present = 0;
  let remaining = 0;
  tops.forEach(({ kind }, nibble) => {
    if (kind !== 'empty') present |= 1 << nibble;
    if (parts[nibble]?.remains ?? kind !== 'empty') remaining |= 1 << nibble;
  });
  if (present === 0) return { node: undefined, remains: remaining !== 0 };
  const only = onlyBit(present);
  if (only !== undefined) return { node: prolongPartial(known(only)!, only), remains: remaining !== 0 };
  const last = onlyBit(remaining);
  const children = tops.map((top, nibble): PartialNode | undefined => {
    if (top.kind === 'empty' || parts[nibble] !== undefined || nibble === last) return known(nibble);
    const reference = referenceOf(encodeTopNode(top, position.length + 1));
    return reference.length < 32 ? known(nibble) : { kind: 'hash', hash: reference };
  });
  return { node: { kind: 'branch', extension: none, children }, remains: remaining !== 0 };
}

interface TouchedKey {
  key: Uint8Array;
  effect: 'read' | 'put' | 'delete';
}

class Collector {
  readonly #source: TrieSource;
  readonly #owner: number;
  readonly #keys: readonly TouchedKey[];

  constructor(source: TrieSource, owner: number, keys: readonly TouchedKey[]) {
    this.#source = source;
    this.#owner = owner;
    this.#keys = keys;
  }

  /** For the keys from `first` to `end`, those below the position, what hangs there: `top`, which is lent. */
  collect(top: TopNode, position: Uint8Array, first: number, end: number): CollectedPart {
    if (top.kind === 'empty') return { node: undefined, remains: this.#puts(first, end) };
    if (top.kind === 'branch') return this.#collectBranch(top.record.slice(), position, first, end);
    const node = toPartial(top, position) as PartialLeaf;
    return { node, remains: this.#puts(first, end) || !this.#deletes(node.key, first, end) };
  }

  #collectBranch(record: Uint8Array, position: Uint8Array, first: number, end: number): CollectedPart {
    const branch = decodeBranch(record);
    const { extension } = branch;
    const children = branch.references.map((_, nibble) => childByReference(branch, nibble, position));
    const read = (nibble: number, at: Uint8Array): TopNode =>
      children[nibble] === undefined
        ? { kind: 'empty' }
        : readChild(this.#source, this.#owner, at, (branch.leaves & (1 << nibble)) !== 0);
    let remaining = branch.present;
    let putsElsewhere = false;
    for (let from = first; from < end;) {
      const nibble = this.#nibbleBelow(from, position, extension);
      let to = from + 1;
      while (to < end && this.#nibbleBelow(to, position, extension) === nibble) to += 1;
      if (nibble === undefined) {
        putsElsewhere ||= this.#puts(from, to);
      } else {
        const at = childPosition(position, extension, nibble);
        const { node, remains } = this.collect(read(nibble, at), at, from, to);
        children[nibble] = node;
        remaining = remains ? remaining | (1 << nibble) : remaining & ~(1 << nibble);
      }
      from = to;
    }
    const last = onlyBit(remaining);
    if (last !== undefined && children[last]?.kind === 'hash') {
      const at = childPosition(position, extension, last);
      children[last] = toPartial(readChild(this.#source, this.#owner, at, (branch.leaves & (1 << last)) !== 0), at);
    }
    return { node: { kind: 'branch', extension, children }, remains: putsElsewhere || remaining !== 0 };
  }

  /** The nibble with which a key goes on below the extension; `undefined`: it does not have it. */
  #nibbleBelow(index: number, position: Uint8Array, extension: Uint8Array): number | undefined {
    const { key } = this.#keys[index]!;
    const depth = position.length + extension.length;
    return sharedLength(key, position.length, extension) < extension.length ? undefined : nibbleAt(key, depth);
  }

  #puts(first: number, end: number): boolean {
    for (let at = first; at < end; at++) if (this.#keys[at]!.effect === 'put') return true;
    return false;
  }

  #deletes(key: Uint8Array, first: number, end: number): boolean {
    for (let at = first; at < end; at++) {
      const touched = this.#keys[at]!;
      if (touched.effect === 'delete' && compareBytes(touched.key, key) === 0) return true;
    }
    return false;
  }
}

/** The bit of a mask that has no other. */
function onlyBit(mask: number): number | undefined {
  return mask !== 0 && (mask & (mask - 1)) === 0 ? 31 - Math.clz32(mask) : undefined;
}

function mergeKeys({ reads, changes }: TouchedKeys): TouchedKey[] {
  const merged: TouchedKey[] = [];
  let read = 0;
  for (const { key, value } of changes) {
    while (read < reads.length && compareBytes(reads[read]!, key) < 0)
      merged.push({ key: reads[read++]!, effect: 'read' });
    if (read < reads.length && compareBytes(reads[read]!, key) === 0) read += 1;
    merged.push({ key, effect: value === undefined ? 'delete' : 'put' });
  }
  while (read < reads.length) merged.push({ key: reads[read++]!, effect: 'read' });
  for (let at = 1; at < merged.length; at++) {
    assert(compareBytes(merged[at - 1]!.key, merged[at]!.key) < 0, 'the keys do not rise');
  }
  return merged;
}
