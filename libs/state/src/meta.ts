import { ChainError, toHeight, type Height } from '@sheaf/primitives';
import { readStorageId, writeStorageId } from './account-record.ts';
import { storageKey } from './keys.ts';
import { stateTables, type KeyValue, type Write } from './key-value.ts';

/** Which buckets a partition owns: `first` up to, without, `end`. */
export interface BucketRange {
  /** 0 to 255. */
  first: number;
  /** 1 to 256. */
  end: number;
}

type HeightName = 'pending-from' | 'carrying' | 'oldest';

const format = 1;

const keys = Object.fromEntries(
  ['format', 'head', 'pending-from', 'carrying', 'oldest', 'loading', 'next-storage-id'].map((name) => [
    name,
    new TextEncoder().encode(name),
  ]),
) as Record<'format' | 'head' | 'loading' | 'next-storage-id' | HeightName, Uint8Array>;

/** Heights of a store at one moment. */
export interface StateHeights {
  head: Height;
  /** 32 bytes. */
  digest: Uint8Array;
  /** A number that no storage has had. */
  nextStorageId: number;
  /** The lowest that the tables have not: it and what is above it are in the journal. */
  pendingFrom: Height;
  /** The height that the tables are being brought to, when they are: they may be anywhere between. */
  carrying: Height | undefined;
  /** The lowest that can be read. */
  oldest: Height;
}

/** `undefined`: nothing was ever committed. @throws ChainError `DATA_LOSS` */
export function readHeights(kv: KeyValue): StateHeights | undefined {
  const head = kv.get(stateTables.meta, keys.head)?.slice();
  if (head === undefined) return undefined;
  const must = (name: 'pending-from' | 'oldest'): Height => {
    const bytes = kv.get(stateTables.meta, keys[name]);
    if (bytes === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `the store has lost ${name}` });
    return readHeight(bytes);
  };
  const bytes = kv.get(stateTables.meta, keys.carrying);
  const carrying = bytes && readHeight(bytes);
  return {
    head: readHeight(head),
    digest: head.subarray(8, 40),
    nextStorageId: readStorageId(head, 40),
    pendingFrom: must('pending-from'),
    carrying,
    oldest: must('oldest'),
  };
}

export function writeHead({
  head,
  digest,
  nextStorageId,
}: Pick<StateHeights, 'head' | 'digest' | 'nextStorageId'>): Write {
  const value = new Uint8Array(46);
  value.set(heightKey(head));
  value.set(digest, 8);
  writeStorageId(value, 40, nextStorageId);
  return { table: stateTables.meta, key: keys.head, value };
}

export function writeHeight(name: HeightName, height: Height | undefined): Write {
  return { table: stateTables.meta, key: keys[name], value: height === undefined ? undefined : heightKey(height) };
}

/**
 * Makes an empty store that of these buckets, to be loaded or to be used. Written even when it is there: a full or
 * read-only disk is found out now.
 * @throws ChainError `CONFLICT` when it holds others, has another format or is not loaded to the end, `UNAVAILABLE`
 */
export function claimStore(kv: KeyValue, { first, end }: BucketRange, { loading }: { loading: boolean }): void {
  if (!Number.isInteger(first) || !Number.isInteger(end) || first < 0 || end > 256 || first >= end) {
    throw new ChainError({
      code: 'INVALID_ARGUMENT',
      field: 'buckets',
      message: `buckets ${first} up to ${end} are no range of 0 up to 256`,
    });
  }
  const stored = kv.get(stateTables.meta, keys.format)?.slice();
  if (stored !== undefined) {
    if (stored[0] !== format) throw conflict(`has format ${stored[0]}, this program reads ${format}`);
    const has = { first: stored[1]!, end: stored[2]! + 1 };
    if (has.first !== first || has.end !== end) {
      throw conflict(`holds buckets ${has.first} up to ${has.end}, not ${first} up to ${end}`);
    }
  }
  if (!loading && kv.get(stateTables.meta, keys.loading) !== undefined) {
    throw conflict('has a snapshot that is not loaded to its end');
  }
  const writes: Write[] = [{ table: stateTables.meta, key: keys.format, value: Uint8Array.of(format, first, end - 1) }];
  if (loading && kv.get(stateTables.meta, keys.loading) === undefined) writes.push(writeLoading(Uint8Array.of(0)));
  kv.write(writes);
}

/** How far loading is, as its owner wrote it; `undefined` when it has not written anything. */
export function readLoading(kv: KeyValue): Uint8Array | undefined {
  const progress = kv.get(stateTables.meta, keys.loading)?.slice();
  return progress === undefined || progress.length === 1 ? undefined : progress;
}

/** `progress`: more than one byte. While there is any, the store cannot be opened. */
export function writeLoading(progress: Uint8Array): Write {
  return { table: stateTables.meta, key: keys.loading, value: progress };
}

/** While a store is loaded: a number that no storage has had. */
export function readNextStorageId(kv: KeyValue): number | undefined {
  const bytes = kv.get(stateTables.meta, keys['next-storage-id']);
  return bytes && readStorageId(bytes, 0);
}

export function writeNextStorageId(id: number): Write {
  return { table: stateTables.meta, key: keys['next-storage-id'], value: storageKey(id) };
}

/** Afterwards the store is as after its first commit, with everything in the tables, and has the rows that go with it. */
export function finishLoading(
  kv: KeyValue,
  head: Pick<StateHeights, 'head' | 'digest' | 'nextStorageId'>,
  also: readonly Write[] = [],
): void {
  kv.write([
    ...also,
    writeHead(head),
    writeHeight('oldest', head.head),
    writeHeight('pending-from', toHeight(head.head + 1n)),
    { table: stateTables.meta, key: keys.loading, value: undefined },
    { table: stateTables.meta, key: keys['next-storage-id'], value: undefined },
  ]);
}

/** 8 bytes, big-endian. */
export function heightKey(height: bigint): Uint8Array {
  const key = new Uint8Array(8);
  new DataView(key.buffer).setBigUint64(0, height);
  return key;
}

export function readHeight(bytes: Uint8Array): Height {
  return toHeight(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0));
}

function conflict(what: string): ChainError {
  return new ChainError({ code: 'CONFLICT', message: `the state store ${what}` });
}
