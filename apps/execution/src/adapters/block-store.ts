import { decodeHeader, encodeHeader, type Header } from '@sheaf/ethereum';
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
import { blockToWire, executionV1 } from '@sheaf/proto';
import { decodePayload, encodePayload, type ChainSpec } from '@sheaf/protocol';
import {
  BlockDraft,
  decodeAccessList,
  encodeAccessList,
  PartitionReader,
  PartitionState,
  type PartitionOptions,
  type Write,
} from '@sheaf/state';
import { openLmdb, type LmdbKeyValue } from '@sheaf/state-lmdb';
import { genesis } from '@sheaf/state-transition';
import type { BlockStore, BlockWriter, CommittedBlock, Head } from '../ports.ts';

const tables = {
  member: 'member',
  /** By height (8 bytes); the hash of a block to its height. */
  blocks: 'blocks',
  headers: 'headers',
  heights: 'heights',
  payloads: 'payloads',
  /** How many ancestors' headers a block read: 2 bytes. */
  ancestorsRead: 'ancestors-read',
} as const;

const encoder = new TextEncoder();
const memberKey = {
  genesis: encoder.encode('genesis'),
  head: encoder.encode('head'),
  published: encoder.encode('published'),
};

/**
 * Opens the database of a member to be read. With the chain's spec, genesis is written when there is nothing yet; a
 * worker thread, which comes after, passes none.
 * @throws ChainError `CONFLICT` when the directory holds another chain, `UNAVAILABLE` when it cannot be used
 */
export async function openBlockStore(dataDir: string, spec?: ChainSpec): Promise<BlockStore> {
  const kv = open(dataDir);
  try {
    if (spec !== undefined) await claim(kv, dataDir, spec);
    return createStore(kv);
  } catch (error) {
    await kv.close();
    throw error;
  }
}

/** Opens it for the one thread that commits blocks. Genesis is there. */
export function openBlockWriter(dataDir: string, options: PartitionOptions): BlockWriter {
  const kv = open(dataDir);
  const state = new PartitionState(kv, options);
  return {
    ...createStore(kv),
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

function open(dataDir: string): LmdbKeyValue {
  return openLmdb({ dataDir, tables: Object.values(tables) });
}

async function claim(kv: LmdbKeyValue, dataDir: string, spec: ChainSpec): Promise<void> {
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
    const state = new PartitionState(kv);
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
    state.commit(state.prepare(start.changes), { height: toHeight(0), also });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `data directory ${dataDir} cannot be used: ${reason}`;
    throw new ChainError({ code: 'UNAVAILABLE', message }, { cause });
  }
}

function createStore(kv: LmdbKeyValue): BlockStore {
  const reader = new PartitionReader(kv);
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
    header(height) {
      const stored = kv.get(tables.headers, heightKey(height))?.slice();
      return stored && decodeHeader(stored);
    },
    oldestState: () => reader.heights().oldest,
    stateAt: (height) => reader.at(height),
    reads(height) {
      const list = reader.accessList(height);
      const ancestors = kv.get(tables.ancestorsRead, heightKey(height));
      if (list === undefined || ancestors === undefined) return undefined;
      return { accessList: decodeAccessList(list), ancestors: Number(bytesToBigint(ancestors)) };
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

function rowsOf({ record, header, payload, ancestorsRead, published }: CommittedBlock): Write[] {
  const key = heightKey(record.height);
  return [
    ...blockRows(record, header),
    { table: tables.payloads, key, value: encodePayload(payload) },
    { table: tables.member, key: memberKey.published, value: heightKey(published) },
    { table: tables.ancestorsRead, key, value: bigintToFixedBytes(BigInt(ancestorsRead), 2) },
  ];
}

function blockRows(record: CommittedBlock['record'], header: Header): Write[] {
  const key = heightKey(record.height);
  return [
    { table: tables.blocks, key, value: executionV1.Block.encode(blockToWire(record)).finish() },
    { table: tables.headers, key, value: encodeHeader(header) },
    { table: tables.heights, key: hexToBytes(record.hash as Hash32), value: key },
    { table: tables.member, key: memberKey.head, value: concatBytes(key, hexToBytes(record.hash)) },
  ];
}

function heightKey(height: bigint): Uint8Array {
  return bigintToFixedBytes(height, 8);
}

function readHeight(bytes: Uint8Array): Height {
  return toHeight(bytesToBigint(bytes.subarray(0, 8)));
}
