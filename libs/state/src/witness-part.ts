// A partition's part of a witness: of each of its buckets that the block touches the nodes that are needed, of each storage
// likewise, and what hangs at all of its buckets, without which the two levels above them are not known.
//
//   RLP of [first bucket, [top…] from that bucket on, [[bucket, remains, nodes]…] by rising bucket,
//           [[account key, storage trie]…] by rising key]
//     top      as encode-top.ts of libs/trie has it
//     remains  1 when anything hangs at the bucket after the block, else 0
//     nodes    as encode-partial.ts of libs/trie has it, from the bucket on
import { bytesToHex, ChainError, compareBytes, decodeRlp, encodeRlp, limits } from '@sheaf/primitives';
import {
  bucketCount,
  bucketPosition,
  collectPart,
  collectPartial,
  decodePartial,
  decodeTop,
  encodePartial,
  encodeTop,
  joinParts,
  keccak256,
  mergeBuckets,
  type CollectedPart,
  type LeafChange,
  type MergedBuckets,
  type TopNode,
} from '@sheaf/trie';
import type { AccountAccess } from './access-list.ts';
import { trimSlot } from './slot-value.ts';
import type { StateAt } from './state-at.ts';
import { decodeStorages, type StateWitness } from './witness.ts';

/** What hangs at the buckets from `first` on. */
export interface BucketTops {
  first: number;
  tops: readonly TopNode[];
}

export interface WitnessPart extends BucketTops {
  /** Of the buckets that are touched. */
  buckets: ReadonlyMap<number, CollectedPart>;
  /** By rising account key. */
  storages: StateWitness['storages'];
}

const whole = new Uint8Array(0);

/** What hangs at the partition's buckets. @throws ChainError `NOT_FOUND` when the height is not kept any more */
export function ownTops(state: StateAt): BucketTops {
  const { first, end } = state.buckets();
  return { first, tops: state.tops().slice(first, end) };
}

/** The levels above the buckets of all partitions. @throws ChainError `DATA_LOSS` unless there is each bucket once */
export function mergeTops(parts: readonly BucketTops[]): MergedBuckets {
  const sorted = [...parts].sort((a, b) => a.first - b.first);
  const tops: TopNode[] = [];
  const follows = sorted.every((part) => {
    const fits = part.first === tops.length;
    tops.push(...part.tops);
    return fits;
  });
  if (!follows || tops.length !== bucketCount) {
    throw new ChainError({ code: 'DATA_LOSS', message: `buckets of ${parts.length} partitions are not all buckets` });
  }
  return mergeBuckets(tops);
}

/**
 * What a witness needs of the partition, whose accounts these are, from the state before the block.
 * @throws ChainError `DATA_LOSS`, `NOT_FOUND` when the state is not kept any more
 */
export function collectWitnessPart(before: StateAt, accounts: readonly AccountAccess[]): WitnessPart {
  const own = ownTops(before);
  const touched = accounts
    .map((access) => ({ key: keccak256(access.address), access }))
    .sort((a, b) => compareBytes(a.key, b.key));
  const buckets = new Map<number, CollectedPart>();
  for (let from = 0; from < touched.length;) {
    const bucket = touched[from]!.key[0]!;
    let to = from + 1;
    while (to < touched.length && touched[to]!.key[0] === bucket) to += 1;
    const ofBucket = touched.slice(from, to);
    const top = own.tops[bucket - own.first];
    if (top === undefined) throw ofAnother(ofBucket[0]!.access.address);
    const reads = ofBucket.map(({ key }) => key);
    const part = { owner: 0, position: bucketPosition(bucket), top };
    buckets.set(bucket, collectPart(before, part, { reads, changes: ofBucket.flatMap(leafChange) }));
    from = to;
  }
  const storages = touched.flatMap(({ key, access }) => {
    const storageId = before.storedAccount(key)?.storageId ?? 0;
    const keys = storageKeys(access);
    if (storageId === 0 || (keys.reads.length === 0 && keys.changes.length === 0)) return [];
    return [{ account: key, trie: encodePartial(collectPartial(before, storageId, keys), whole) }];
  });
  return { ...own, buckets, storages };
}

/** The witness, from the parts of all partitions and the codes by rising hash. @throws ChainError `DATA_LOSS` */
export function joinWitness(parts: readonly WitnessPart[], codes: Uint8Array[]): StateWitness & { root: Uint8Array } {
  const merged = mergeTops(parts);
  const buckets = new Map(parts.flatMap((part) => [...part.buckets]));
  const storages = parts.flatMap((part) => part.storages).sort((a, b) => compareBytes(a.account, b.account));
  return { root: merged.root, accounts: encodePartial(joinParts(merged, buckets), whole), storages, codes };
}

export function encodeTops({ tops }: BucketTops): Uint8Array[] {
  return tops.map(encodeTop);
}

/** @throws ChainError `INVALID_ARGUMENT` naming the top unless they are of the buckets from `first` on */
export function decodeTops(first: number, tops: readonly Uint8Array[], field: string): BucketTops {
  if (tops.length === 0 || first + tops.length > bucketCount) throw invalid(field, 'are of no buckets');
  return { first, tops: tops.map((top, i) => decodeTop(top, bucketPosition(first + i), `${field}.${i}`)) };
}

export function encodeWitnessPart(part: WitnessPart): Uint8Array {
  const buckets = [...part.buckets].sort(([a], [b]) => a - b);
  return encodeRlp([
    Uint8Array.of(part.first),
    encodeTops(part),
    buckets.map(([bucket, { node, remains }]) => [
      Uint8Array.of(bucket),
      Uint8Array.of(remains ? 1 : 0),
      encodePartial(node, bucketPosition(bucket)),
    ]),
    part.storages.map(({ account, trie }) => [account, trie]),
  ]);
}

/** @throws ChainError `INVALID_ARGUMENT` unless it is one; whether it is of any state is not known here */
export function decodeWitnessPart(bytes: Uint8Array, field = 'part'): WitnessPart {
  if (bytes.length > limits.witnessBytesMax) throw invalid(field, `has more than ${limits.witnessBytesMax} bytes`);
  const items = decodeRlp(bytes, field);
  if (items instanceof Uint8Array || items.length !== 4) throw invalid(field, 'is no list of four');
  const [start, tops, touched, storages] = items;
  if (!(start instanceof Uint8Array) || start.length !== 1) throw invalid(`${field}.first`, 'is no bucket');
  if (!tops || tops instanceof Uint8Array) throw invalid(`${field}.tops`, 'is no list');
  if (!touched || touched instanceof Uint8Array) throw invalid(`${field}.buckets`, 'is no list');
  if (!storages || storages instanceof Uint8Array) throw invalid(`${field}.storages`, 'is no list');
  const encoded = tops.map((top, i) => {
    if (!(top instanceof Uint8Array)) throw invalid(`${field}.tops.${i}`, 'is no string of bytes');
    return top;
  });
  const own = decodeTops(start[0]!, encoded, `${field}.tops`);
  const buckets = new Map<number, CollectedPart>();
  let last = own.first - 1;
  for (const [i, item] of touched.entries()) {
    const at = `${field}.buckets.${i}`;
    const [bucket, remains, nodes] = item instanceof Uint8Array || item.length !== 3 ? [] : item;
    if (!(bucket instanceof Uint8Array) || bucket.length !== 1 || !(nodes instanceof Uint8Array))
      throw invalid(at, 'is no bucket');
    if (!(remains instanceof Uint8Array) || remains.length !== 1 || remains[0]! > 1)
      throw invalid(`${at}.remains`, 'is neither 0 nor 1');
    const number = bucket[0]!;
    if (number <= last || number >= own.first + own.tops.length) throw invalid(at, 'is not where it must be');
    last = number;
    const node = decodePartial(nodes, bucketPosition(number), at);
    // A bucket whose keys are touched is known: its hash alone is of no use to anyone.
    if (node?.kind === 'hash') throw invalid(at, 'is a hash alone');
    buckets.set(number, { node, remains: remains[0] === 1 });
  }
  return { ...own, buckets, storages: decodeStorages(storages, `${field}.storages`) };
}

/** What it is afterwards does not matter here, whether it is does. */
function leafChange({ key, access: { change } }: { key: Uint8Array; access: AccountAccess }) {
  const changed: Pick<LeafChange, 'key' | 'value'>[] =
    change === undefined ? [] : [{ key, value: change.account && key }];
  return changed;
}

/** What of a storage the block read, and what it changed. An account that is gone or wiped needs none of it changed. */
function storageKeys({ reads, change }: AccountAccess) {
  const kept = change?.account !== undefined && !change.storageWiped;
  const slots = change?.slots ?? [];
  const changes = slots.map(({ slot, value }) => ({ key: keccak256(slot), value: trimSlot(value) }));
  const sorted = kept ? changes.sort((a, b) => compareBytes(a.key, b.key)) : [];
  const read = [...reads, ...slots.map(({ slot }) => slot)].map((slot) => keccak256(slot));
  return { reads: read.sort(compareBytes), changes: sorted };
}

function ofAnother(address: Uint8Array): ChainError {
  return new ChainError({
    code: 'DATA_LOSS',
    message: `account ${bytesToHex(address)} of the access list is of another partition`,
  });
}

function invalid(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${what}` });
}
