import { keccak256 } from '@sheaf/crypto';
import { toHeight } from '@sheaf/primitives';
import { PartitionState, type BlockChanges, type BucketRange } from '@sheaf/state';
import { openLmdb } from '@sheaf/state-lmdb';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memberOptions } from '../state/with-state.ts';

/** The table in which a coordinator keeps the access lists of the others' accounts, by height and member. */
export const partsTable = 'parts';

/** A partition on this disk. */
export interface BenchStore {
  state: PartitionState;
  close(): Promise<void>;
}

/** The store in a new folder, with its part of the state at height 0 carried over into the tables. */
export function openStore(dataDir: string, start: BlockChanges, buckets?: BucketRange): BenchStore {
  const kv = openLmdb({ dataDir, tables: [partsTable] });
  const state = new PartitionState(kv, buckets === undefined ? memberOptions : { ...memberOptions, buckets });
  state.commit(state.prepare(buckets === undefined ? start : partOf(start, buckets)), { height: toHeight(0) });
  while (state.maintain({ idle: true }));
  return { state, close: () => kv.close() };
}

function partOf({ accounts, codes }: BlockChanges, { first, end }: BucketRange): BlockChanges {
  const own = accounts.filter(({ address }) => {
    const bucket = keccak256(address)[0]!;
    return bucket >= first && bucket < end;
  });
  return { accounts: own, codes };
}

/** A folder for stores below the system's for temporary files, which goes with its `close`, or with the process. */
export class StoreFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'sheaf-bench-execution-'));
  #next = 0;
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.close();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#onSignal);
  }

  /** For one store; another one each time. */
  next(): string {
    return join(this.path, String(this.#next++));
  }

  /** Afterwards what the closed stores had is gone. */
  clear(): void {
    for (const name of readdirSync(this.path)) rmSync(join(this.path, name), { recursive: true, force: true });
  }

  close(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#onSignal);
    rmSync(this.path, { recursive: true, force: true });
  }
}
