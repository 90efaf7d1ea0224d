import { keccak256 } from '@sheaf/crypto';
import { decodeHeader, encodeHeader, type Header } from '@sheaf/ethereum';
import {
  bigintToFixedBytes,
  bytesToBigint,
  bytesToHex,
  ChainError,
  concatBytes,
  hexToBytes,
  toHash32,
  toHeight,
  zeroHash,
  type Hash32,
  type Height,
} from '@sheaf/primitives';
import { blockToWire, executionV1, witnessFromWire, witnessToWire } from '@sheaf/proto';
import { decodePayload, encodePayload, type ChainSpec } from '@sheaf/protocol';
import { genesis } from '@sheaf/state-transition';
import { open, type Database } from 'lmdb';
import { accessSync, constants, mkdirSync } from 'node:fs';
import type { CommittedBlock, Head, StateStore } from '../ports.ts';

const formatVersion = 1;
const encoder = new TextEncoder();
const metaKey = {
  format: encoder.encode('format'),
  genesis: encoder.encode('genesis'),
  head: encoder.encode('head'),
  published: encoder.encode('published'),
};

type Table = Database<Uint8Array, Uint8Array>;

/**
 * Opens the database of a member. With the chain's spec, genesis is written when there is nothing yet; a worker thread,
 * which comes after, passes none.
 * @throws ChainError `CONFLICT` when the directory holds another chain, `UNAVAILABLE` when it cannot be used
 */
export async function openLmdbStore(
  { dataDir, witnessesKept }: { dataDir: string; witnessesKept: number },
  spec?: ChainSpec,
): Promise<StateStore> {
  const tables = openTables(dataDir);
  if (spec !== undefined) await claim(tables, dataDir, spec);
  return createStore(tables, BigInt(witnessesKept));
}

function openTables(dataDir: string) {
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    // A commit is on the disk when it returns; nothing is cached across blocks that a witness would miss.
    const root = open({ path: dataDir, maxDbs: 16, overlappingSync: false, noSubdir: false, cache: false });
    const table = (name: string): Table =>
      root.openDB<Uint8Array, Uint8Array>({ name, encoding: 'binary', keyEncoding: 'binary' });
    return {
      root,
      meta: table('meta'),
      nodes: table('nodes'),
      codes: table('codes'),
      blocks: table('blocks'),
      headers: table('headers'),
      heights: table('heights'),
      payloads: table('payloads'),
      witnesses: table('witnesses'),
    };
  } catch (cause) {
    throw unusable(dataDir, cause);
  }
}

type Tables = ReturnType<typeof openTables>;

async function claim(tables: Tables, dataDir: string, spec: ChainSpec): Promise<void> {
  const start = await genesis(spec);
  const stored = tables.meta.get(metaKey.genesis);
  if (stored !== undefined) {
    const format = tables.meta.get(metaKey.format)?.[0];
    if (format !== formatVersion)
      throw refused(`data directory ${dataDir} has format ${format}, this program reads ${formatVersion}`);
    const hash = toHash32(stored);
    if (hash !== start.hash) {
      throw refused(
        `data directory ${dataDir} holds the chain with genesis ${hash}, the chain spec makes ${start.hash}`,
      );
    }
  }
  try {
    tables.root.transactionSync(() => {
      // Written even when it is there: a full or read-only disk is found out now.
      tables.meta.putSync(metaKey.format, Uint8Array.of(formatVersion));
      if (stored !== undefined) return;
      tables.meta.putSync(metaKey.genesis, hexToBytes(start.hash));
      tables.meta.putSync(metaKey.published, heightKey(0n));
      writeState(tables, start.changes);
      const record = {
        height: toHeight(0),
        hash: start.hash,
        payloadHash: zeroHash,
        rlp: start.rlp,
        receipts: [],
        dropped: [],
      };
      writeBlock(tables, record, start.header);
    });
  } catch (cause) {
    throw unusable(dataDir, cause);
  }
}

function createStore(tables: Tables, witnessesKept: bigint): StateStore {
  const { meta, nodes, codes, blocks, headers, heights, payloads, witnesses } = tables;
  let newest: Height | undefined;
  const head = (): Head => {
    const stored = must(meta.get(metaKey.head), 'the head');
    return { height: readHeight(stored), hash: toHash32(stored.subarray(8)) };
  };
  return {
    node: (hash) => addressed(nodes, hash, 'trie node'),
    code: (hash) => addressed(codes, hash, 'code'),
    head,
    genesisHash: () => toHash32(must(meta.get(metaKey.genesis), 'the genesis hash')),
    heightOf(hash) {
      const stored = heights.get(hexToBytes(hash));
      return stored && readHeight(stored);
    },
    block: (height) => blocks.get(heightKey(height)),
    header(height) {
      const stored = headers.get(heightKey(height));
      return stored && decodeHeader(stored);
    },
    payload(height) {
      const stored = payloads.get(heightKey(height));
      return stored && decodePayload(stored);
    },
    witness(height) {
      const stored = witnesses.get(heightKey(height));
      return stored && witnessFromWire(executionV1.GetWitnessResponse.decode(stored), 'witness');
    },
    published: () => bytesToBigint(must(meta.get(metaKey.published), 'the published height')),
    commit(block) {
      const { height } = block.record;
      const expected = (newest ?? head().height) + 1n;
      if (height !== expected) throw refused(`block ${height} does not follow block ${expected - 1n}`);
      try {
        tables.root.transactionSync(() => writeCommitted(tables, block, witnessesKept));
      } catch (cause) {
        throw new ChainError(
          { code: 'UNAVAILABLE', message: `block ${height} could not be written: ${reason(cause)}` },
          { cause },
        );
      }
      newest = height;
    },
    async setPublished(height) {
      await meta.put(metaKey.published, heightKey(height));
      await meta.flushed;
    },
    refresh: () => tables.root.resetReadTxn(),
    close: () => tables.root.close(),
  };
}

function writeCommitted(tables: Tables, block: CommittedBlock, witnessesKept: bigint): void {
  const { record, header, payload, changes, witness } = block;
  writeState(tables, changes);
  writeBlock(tables, record, header);
  tables.payloads.putSync(heightKey(record.height), encodePayload(payload));
  const encoded = executionV1.GetWitnessResponse.encode(witnessToWire(witness)).finish();
  tables.witnesses.putSync(heightKey(record.height), encoded);
  if (record.height > witnessesKept) tables.witnesses.removeSync(heightKey(record.height - witnessesKept));
}

function writeState(tables: Tables, changes: CommittedBlock['changes']): void {
  for (const [hash, node] of changes.nodes) tables.nodes.putSync(hexToBytes(hash), node);
  for (const [hash, code] of changes.codes) tables.codes.putSync(hexToBytes(hash), code);
}

function writeBlock(tables: Tables, record: CommittedBlock['record'], header: Header): void {
  const key = heightKey(record.height);
  tables.blocks.putSync(key, executionV1.Block.encode(blockToWire(record)).finish());
  tables.headers.putSync(key, encodeHeader(header));
  tables.heights.putSync(hexToBytes(record.hash), key);
  tables.meta.putSync(metaKey.head, concatBytes(key, hexToBytes(record.hash)));
}

/** LMDB keeps no checksums: what does not hash to its key any more is a broken disk, not state. */
function addressed(table: Table, hash: Hash32, what: string): Uint8Array | undefined {
  const bytes = table.get(hexToBytes(hash));
  if (bytes !== undefined && bytesToHex(keccak256(bytes)) !== hash) {
    throw new ChainError({ code: 'DATA_LOSS', message: `${what} ${hash} is damaged on disk` });
  }
  return bytes;
}

function heightKey(height: bigint): Uint8Array {
  return bigintToFixedBytes(height, 8);
}

function readHeight(bytes: Uint8Array): Height {
  return toHeight(bytesToBigint(bytes.subarray(0, 8)));
}

function must(bytes: Uint8Array | undefined, what: string): Uint8Array {
  if (bytes === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `the database has lost ${what}` });
  return bytes;
}

function refused(message: string): ChainError {
  return new ChainError({ code: 'CONFLICT', message });
}

function unusable(dataDir: string, cause: unknown): ChainError {
  if (cause instanceof ChainError) return cause;
  return new ChainError(
    { code: 'UNAVAILABLE', message: `data directory ${dataDir} cannot be used: ${reason(cause)}` },
    { cause },
  );
}

function reason(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]!;
}
