import { decodeHeader, encodeHeader, headerHash, type Header } from '@sheaf/ethereum';
import {
  bigintToFixedBytes,
  bytesToBigint,
  ChainError,
  concatBytes,
  hexToBytes,
  toHash32,
  toHeight,
  zeroHash,
  type Hash32,
  type Height,
} from '@sheaf/primitives';
import { joinAccessLists } from '@sheaf/partition';
import { blockToWire, executionV1 } from '@sheaf/proto';
import { decodePayload, encodePayload, type ChainSpec } from '@sheaf/protocol';
import {
  BlockDraft,
  decodeAccessList,
  encodeAccessList,
  PartitionReader,
  PartitionState,
  stateLimits,
  type BucketRange,
  type PartitionOptions,
  type Write,
} from '@sheaf/state';
import { openLmdb, type LmdbKeyValue } from '@sheaf/state-lmdb';
import { genesis } from '@sheaf/state-transition';
import { keccak256 } from '@sheaf/trie';
import type { BlockStore, BlockWriter, CommittedBlock, Head, LanePart, LaneParts } from '../ports.ts';

/** Of a member's database, beside those of the state. */
export const tables = {
  member: 'member',
  /** By height (8 bytes); the hash of a block to its height. */
  blocks: 'blocks',
  headers: 'headers',
  heights: 'heights',
  payloads: 'payloads',
  /** How many ancestors' headers a block read: 2 bytes. */
  ancestorsRead: 'ancestors-read',
  /** By height and member (9 bytes): the digest of its tops (32 bytes), then its access list. The coordinator's. */
  laneParts: 'lane-parts',
} as const;

const digestBytes = 32;

const encoder = new TextEncoder();
export const memberKey = {
  genesis: encoder.encode('genesis'),
  head: encoder.encode('head'),
  published: encoder.encode('published'),
  /** The lowest height but genesis whose block is there: a state that came of a snapshot has none before it. */
  firstBlock: encoder.encode('first-block'),
  /** What a snapshot that is being loaded is of. */
  importing: encoder.encode('importing'),
};

const everyBucket: BucketRange = { first: 0, end: 256 };

/**
 * Opens the database of a member to be read. With the chain's spec, genesis is written when there is nothing yet; a
 * worker thread, which comes after, passes none.
 * @throws ChainError `CONFLICT` when the directory holds another chain, `UNAVAILABLE` when it cannot be used
 */
export async function openBlockStore(
  dataDir: string,
  spec?: ChainSpec,
  buckets: BucketRange = everyBucket,
): Promise<BlockStore> {
  const kv = openMemberDatabase(dataDir);
  try {
    if (spec !== undefined) await claim(kv, dataDir, spec, buckets);
    return createStore(kv, buckets);
  } catch (error) {
    await kv.close();
    throw error;
  }
}

/** Opens it for the one thread that commits blocks. Genesis is there. */
export function openBlockWriter(dataDir: string, options: PartitionOptions): BlockWriter {
  const kv = openMemberDatabase(dataDir);
  const state = new PartitionState(kv, options);
  const { buckets = everyBucket, heightsKept = stateLimits.heightsKept } = options;
  return {
    ...createStore(kv, buckets),
    state,
    commitWhole(block, prepared, lane, durable) {
      const { height } = block.record;
      const { accessList } = lane;
      const also = [...rowsOf(block), ...lanePartRows(kv, height, lane, BigInt(heightsKept))];
      state.commit(prepared, { height, accessList, also, durable });
    },
    commitPart(part, prepared) {
      state.commit(prepared, { height: part.height, accessList: part.accessList, also: partRows(part) });
    },
    draft: () => new BlockDraft(state),
    commit(block, draft) {
      draft.commit({
        height: block.record.height,
        accessList: encodeAccessList(block.accessList),
        also: rowsOf(block),
      });
    },
    maintain: () => state.maintain(),
    stats: () => state.stats(),
  };
}

/** @throws ChainError `UNAVAILABLE` when the directory cannot be used */
export function openMemberDatabase(dataDir: string): LmdbKeyValue {
  return openLmdb({ dataDir, tables: Object.values(tables) });
}

async function claim(kv: LmdbKeyValue, dataDir: string, spec: ChainSpec, buckets: BucketRange): Promise<void> {
  const start = await genesis(spec);
  const stored = kv.get(tables.member, memberKey.genesis)?.slice();
  if (stored !== undefined) {
    if (toHash32(stored) !== start.hash) {
      const message = `data directory ${dataDir} holds the chain with genesis ${toHash32(stored)}, the chain spec makes ${start.hash}`;
      throw new ChainError({ code: 'CONFLICT', message });
    }
    return;
  }
  try {
    const state = new PartitionState(kv, { buckets });
    const record = {
      height: toHeight(0),
      hash: start.hash,
      payloadHash: zeroHash,
      rlp: start.rlp,
      receipts: [],
      dropped: [],
    };
    const also = [
      { table: tables.member, key: memberKey.genesis, value: hexToBytes(start.hash) },
      { table: tables.member, key: memberKey.published, value: heightKey(0n) },
      ...blockRows(record, start.header),
    ];
    const accounts = start.changes.accounts.filter(({ address }) => owns(buckets, address));
    state.commit(state.prepare({ ...start.changes, accounts }), { height: toHeight(0), also });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `data directory ${dataDir} cannot be used: ${reason}`;
    throw new ChainError({ code: 'UNAVAILABLE', message }, { cause });
  }
}

function createStore(kv: LmdbKeyValue, buckets: BucketRange): BlockStore {
  const reader = new PartitionReader(kv, { buckets });
  const must = (key: Uint8Array, what: string): Uint8Array => {
    const bytes = kv.get(tables.member, key)?.slice();
    if (bytes === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `the database has lost ${what}` });
    return bytes;
  };
  return {
    head(): Head {
      const stored = must(memberKey.head, 'the head');
      return { height: readHeight(stored), hash: toHash32(stored.subarray(8)) };
    },
    genesisHash: () => toHash32(must(memberKey.genesis, 'the genesis hash')),
    heightOf(hash) {
      const stored = kv.get(tables.heights, hexToBytes(hash));
      return stored && readHeight(stored);
    },
    block: (height) => kv.get(tables.blocks, heightKey(height))?.slice(),
    firstBlock() {
      const stored = kv.get(tables.member, memberKey.firstBlock);
      return stored ? readHeight(stored) : toHeight(0);
    },
    followFrom() {
      const [first] = kv.range(tables.laneParts, partKey(toHeight(0), 0), undefined, 1);
      return first ? toHeight(readHeight(first.key) - 1n) : readHeight(must(memberKey.head, 'the head'));
    },
    header(height) {
      const stored = kv.get(tables.headers, heightKey(height))?.slice();
      return stored && decodeHeader(stored);
    },
    oldestState: () => reader.heights().oldest,
    stateAt: (height) => reader.at(height),
    reads(height) {
      const list = reader.accessList(height);
      const ancestors = kv.get(tables.ancestorsRead, heightKey(height))?.slice();
      if (list === undefined || ancestors === undefined) return undefined;
      const own = decodeAccessList(list);
      const others = kv.range(tables.laneParts, partKey(height, 0), partKey(toHeight(height + 1n), 0), 256);
      const parts = others.map(({ value }) => decodeAccessList(value.subarray(digestBytes)));
      const accessList = parts.length === 0 ? own : joinAccessLists([own, ...parts], own.codeReads);
      return { accessList, ancestors: Number(bytesToBigint(ancestors)) };
    },
    part(height, member) {
      const row = kv.get(tables.laneParts, partKey(height, member))?.slice();
      const ancestors = kv.get(tables.ancestorsRead, heightKey(height))?.slice();
      const header = kv.get(tables.headers, heightKey(height))?.slice();
      if (row === undefined || ancestors === undefined || header === undefined) {
        const message = `what block ${height} did to the accounts of member ${member} is not kept: restore it from a snapshot`;
        throw new ChainError({ code: 'NOT_FOUND', message });
      }
      return {
        height,
        header: decodeHeader(header),
        topsDigest: row.slice(0, digestBytes),
        accessList: row.slice(digestBytes),
        ancestorsRead: Number(bytesToBigint(ancestors)),
      };
    },
    payload(height) {
      const stored = kv.get(tables.payloads, heightKey(height))?.slice();
      return stored && decodePayload(stored);
    },
    published: () => bytesToBigint(must(memberKey.published, 'the published height')),
    refresh: () => reader.refresh(),
    close: () => kv.close(),
  };
}

function rowsOf({ record, header, payload, ancestorsRead, published }: Omit<CommittedBlock, 'accessList'>): Write[] {
  const key = heightKey(record.height);
  return [
    ...blockRows(record, header),
    { table: tables.payloads, key, value: encodePayload(payload) },
    { table: tables.member, key: memberKey.published, value: heightKey(published) },
    { table: tables.ancestorsRead, key, value: bigintToFixedBytes(BigInt(ancestorsRead), 2) },
  ];
}

/** The parts of the height; those that nobody may ask for any more go. */
function lanePartRows(kv: LmdbKeyValue, height: Height, { parts }: LaneParts, heightsKept: bigint): Write[] {
  const rows: Write[] = parts.map(({ member, accessList, topsDigest }) => ({
    table: tables.laneParts,
    key: partKey(height, member),
    value: concatBytes(topsDigest, accessList),
  }));
  const old = height - heightsKept;
  if (old <= 0n) return rows;
  const forgotten = kv.range(tables.laneParts, partKey(toHeight(0), 0), partKey(toHeight(old), 0), 1_024);
  return [...rows, ...forgotten.map(({ key }) => ({ table: tables.laneParts, key, value: undefined }))];
}

function partRows({ height, header, ancestorsRead }: Omit<LanePart, 'topsDigest'>): Write[] {
  const key = heightKey(height);
  const hash = hexToBytes(headerHash(header));
  return [
    ...headerRows(header),
    { table: tables.ancestorsRead, key, value: bigintToFixedBytes(BigInt(ancestorsRead), 2) },
    { table: tables.member, key: memberKey.head, value: concatBytes(key, hash) },
  ];
}

export function headerRows(header: Header): Write[] {
  const key = heightKey(header.number);
  return [
    { table: tables.headers, key, value: encodeHeader(header) },
    { table: tables.heights, key: hexToBytes(headerHash(header)), value: key },
  ];
}

function owns({ first, end }: BucketRange, address: Uint8Array): boolean {
  const bucket = keccak256(address)[0]!;
  return bucket >= first && bucket < end;
}

function partKey(height: Height, member: number): Uint8Array {
  return concatBytes(heightKey(height), Uint8Array.of(member));
}

export function blockRows(record: CommittedBlock['record'], header: Header): Write[] {
  const key = heightKey(record.height);
  return [
    { table: tables.blocks, key, value: executionV1.Block.encode(blockToWire(record)).finish() },
    { table: tables.headers, key, value: encodeHeader(header) },
    { table: tables.heights, key: hexToBytes(record.hash as Hash32), value: key },
    { table: tables.member, key: memberKey.head, value: concatBytes(key, hexToBytes(record.hash)) },
  ];
}

export function heightKey(height: bigint): Uint8Array {
  return bigintToFixedBytes(height, 8);
}

function readHeight(bytes: Uint8Array): Height {
  return toHeight(bytesToBigint(bytes.subarray(0, 8)));
}
