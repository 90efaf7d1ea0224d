import { bytesToHex, ChainError } from '@sheaf/primitives';
import { stateTables, type Entry, type KeyValue, type Write } from '@sheaf/state';
import { open, type Database } from 'lmdb';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { checksum, checksumBytes } from './checksum.ts';

/** Tables that one environment can have. */
const tablesMax = 32;

/** An LMDB environment as a store. */
export interface LmdbKeyValue extends KeyValue {
  close(): Promise<void>;
}

export interface LmdbOptions {
  /** Directory of the environment; made when missing. */
  dataDir: string;
  /** Tables beside those of the state. */
  tables?: readonly string[];
  /** Address space that the file may grow into; by default it grows as it needs. */
  mapBytes?: number;
}

type Table = Database<Uint8Array, Uint8Array>;

/**
 * Opens the environment. A write is on the disk when it returns. Each value carries a checksum. Several handles may be
 * open at once, in several threads; one of them should write.
 * @throws ChainError `UNAVAILABLE` when the directory cannot be used
 */
export function openLmdb({ dataDir, tables = [], mapBytes }: LmdbOptions): LmdbKeyValue {
  const { root, find } = openTables(dataDir, [...Object.values(stateTables), ...tables], mapBytes);
  return {
    get(table, key) {
      const sealed = find(table).getBinaryFast(key);
      return sealed === undefined ? undefined : unseal(table, key, sealed);
    },
    range(table, start, end, limit) {
      const entries: Entry[] = [];
      const options = { start, limit, ...(end === undefined ? {} : { end }) };
      for (const { key, value } of find(table).getRange(options)) {
        entries.push({ key: Uint8Array.from(key), value: unseal(table, key, value).slice() });
      }
      return entries;
    },
    write(changes) {
      try {
        root.transactionSync(() => changes.forEach((change) => put(find(change.table), change)));
      } catch (cause) {
        throw unwritable(dataDir, cause);
      } finally {
        // The read transaction of this turn of the event loop began before the write.
        root.resetReadTxn();
      }
    },
    refresh: () => root.resetReadTxn(),
    close: () => root.close(),
  };
}

function openTables(dataDir: string, names: readonly string[], mapBytes: number | undefined) {
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    const root = open({
      path: dataDir,
      noSubdir: false,
      maxDbs: tablesMax,
      // A commit is on the disk when it returns.
      overlappingSync: false,
      cache: false,
      ...(mapBytes === undefined ? {} : { mapSize: mapBytes }),
    });
    const opened = new Map<string, Table>();
    for (const name of names) {
      opened.set(name, root.openDB<Uint8Array, Uint8Array>({ name, encoding: 'binary', keyEncoding: 'binary' }));
    }
    const find = (name: string): Table => {
      const table = opened.get(name);
      if (table === undefined) throw new Error(`the store was opened without a table ${name}`);
      return table;
    };
    return { root, find };
  } catch (cause) {
    const message = `data directory ${dataDir} cannot be used: ${reasonOf(cause)}`;
    throw new ChainError({ code: 'UNAVAILABLE', message }, { cause });
  }
}

function unwritable(dataDir: string, cause: unknown): ChainError {
  const message = `the database in ${dataDir} could not be written: ${reasonOf(cause)}`;
  return new ChainError({ code: 'UNAVAILABLE', message }, { cause });
}

function put(table: Table, { key, value }: Write): void {
  if (value === undefined) {
    table.removeSync(key);
    return;
  }
  const sealed = Buffer.allocUnsafe(value.length + checksumBytes);
  sealed.set(value);
  sealed.writeUInt32LE(checksum(key, value, value.length), value.length);
  table.putSync(key, sealed);
}

function unseal(table: string, key: Uint8Array, sealed: Uint8Array): Uint8Array {
  const bytes = sealed.length - checksumBytes;
  const has =
    (sealed[bytes]! | (sealed[bytes + 1]! << 8) | (sealed[bytes + 2]! << 16) | (sealed[bytes + 3]! << 24)) >>> 0;
  if (bytes < 0 || has !== checksum(key, sealed, bytes)) {
    throw new ChainError({ code: 'DATA_LOSS', message: `row ${bytesToHex(key)} of ${table} is damaged on disk` });
  }
  // No Buffer, whose `slice` is no copy.
  return new Uint8Array(sealed.buffer, sealed.byteOffset, bytes);
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]!;
}
