import { compareBytes, encodeRlpBytes, toHeight } from '@sheaf/primitives';
import { emptyCodeHashBytes, PartitionLoader, type LoadedSlot } from '@sheaf/state';
import { openLmdb } from '@sheaf/state-lmdb';
import { bucketCount, bucketPosition, createTrieEngine, keccak256, keccakMany } from '@sheaf/trie';
import { mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { BenchFault } from '../suite.ts';
import { formatNumber } from '../table.ts';
import { accountOf, sortAccounts } from './accounts.ts';

/** A store on disk, full of accounts. */
export interface LoadedStore {
  dataDir: string;
  accounts: number;
  /** What the disk gave to it when it was loaded. */
  loadedBytes: number;
}

/** Measured, generously: rows, branches and pages that are not full. */
const accountBytes = 400;
const slotBytes = 400;
/** Journals and changes of the heights that are kept, when blocks are run upon it. */
const blocksBytes = 4 * 2 ** 30;
/** statfs's number for a file system in memory (Linux, tmpfs). */
const tmpfs = 0x0102_1994;
const firstHeight = toHeight(1n);

/** Stores in a folder of their own below the system's for temporary files: loaded when asked for first. */
export class Stores {
  readonly #folder = mkdtempSync(join(tmpdir(), 'sheaf-bench-state-'));
  readonly #progress: (sentence: string) => void;
  readonly #accounts = new Map<number, LoadedStore>();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this.#remove();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };

  constructor(progress: (sentence: string) => void) {
    this.#progress = progress;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, this.#onSignal);
  }

  /** Afterwards the folder is gone. */
  close(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, this.#onSignal);
    this.#remove();
  }

  /** @throws BenchFault when what is there would vanish with the power, so that nothing about a disk can be measured */
  mustBeOnDisk(): void {
    if (statfsSync(this.#folder).type !== tmpfs) return;
    throw new BenchFault(`${tmpdir()} is in memory: set TMPDIR to a folder on a disk`);
  }

  /** @throws BenchFault when the disk has too little room */
  async accounts(count: number): Promise<LoadedStore> {
    const known = this.#accounts.get(count);
    if (known !== undefined) return known;
    this.#mustHaveRoom(count * accountBytes + blocksBytes * Math.min(1, count / 1e6));
    const dataDir = join(this.#folder, `accounts-${count}`);
    await loadAccounts(dataDir, count, this.#progress);
    const store = { dataDir, accounts: count, loadedBytes: bytesOf(dataDir) };
    this.#accounts.set(count, store);
    return store;
  }

  /** A store of nothing but contracts with slots; the bytes that the disk gave to it. */
  async slots(contracts: number, each: number): Promise<number> {
    this.#mustHaveRoom(contracts * each * slotBytes);
    const dataDir = join(this.#folder, 'slots');
    await loadSlots(dataDir, contracts, each, this.#progress);
    const bytes = bytesOf(dataDir);
    rmSync(dataDir, { recursive: true, force: true });
    return bytes;
  }

  #remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #mustHaveRoom(bytes: number): void {
    const { bavail, bsize } = statfsSync(this.#folder);
    const free = bavail * bsize;
    if (free >= bytes) return;
    throw new BenchFault(
      `${tmpdir()} has ${gib(free)} GiB free and ${gib(bytes)} are needed: set TMPDIR, choose --rows, or --scale small`,
    );
  }
}

function gib(bytes: number): string {
  return formatNumber(bytes / 2 ** 30);
}

/** Bytes of the folder's files as the disk has them: a hole is none. */
function bytesOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + 512 * statSync(join(folder, name)).blocks, 0);
}

async function loadAccounts(dataDir: string, count: number, progress: (sentence: string) => void): Promise<void> {
  progress(`a store of ${count.toLocaleString('en-US')} accounts: making keys`);
  const sorted = await sortAccounts(count);
  const kv = openLmdb({ dataDir });
  const loader = new PartitionLoader(kv);
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    const start = sorted.bucketStart(bucket);
    const length = sorted.bucketStart(bucket + 1) - start;
    const accounts = Array.from({ length }, (_, i) => ({
      key: sorted.keyAt(start + i),
      ...accountOf(sorted.numberAt(start + i)),
    }));
    loader.accounts(bucketPosition(bucket), accounts).store();
    if (bucket % 64 === 63 && count >= 1e6) progress(`loaded ${((bucket + 1) / 256) * 100}%`);
    await setImmediate();
  }
  loader.finish(firstHeight);
  await kv.close();
}

async function loadSlots(
  dataDir: string,
  contracts: number,
  each: number,
  progress: (sentence: string) => void,
): Promise<void> {
  progress(`a store of ${(contracts * each).toLocaleString('en-US')} slots in ${contracts} contracts`);
  const engine = createTrieEngine();
  const kv = openLmdb({ dataDir });
  const loader = new PartitionLoader(kv);
  const whole = new Uint8Array(0);
  for (let contract = 0; contract < contracts; contract++) {
    const bucket = Math.floor((contract * bucketCount) / contracts);
    const slots = sortedSlots(contract, each);
    const changes = slots.map(({ key, value }) => ({ key, value: encodeRlpBytes(value), existed: false }));
    const nothing = { branch: () => undefined, leaf: () => undefined };
    const [storageRoot] = engine.commit([{ owner: 1, position: whole, changes }], nothing).roots;
    const key = Uint8Array.of(bucket, ...keccak256(whole).subarray(1));
    const account = { key, nonce: 1n, balance: 0n, codeHash: emptyCodeHashBytes, storageRoot: storageRoot! };
    const part = loader.accounts(bucketPosition(bucket), [account]);
    part.store();
    loader.slots(part.storageIds.get(key)!, whole, slots).store();
    await setImmediate();
  }
  loader.finish(firstHeight);
  await kv.close();
}

/** As a mapping's: keys are hashes of hashes, values amounts of 8 bytes. */
function sortedSlots(contract: number, count: number): LoadedSlot[] {
  const preimages = Array.from({ length: count }, (_, i) => {
    const slot = new Uint8Array(32);
    new DataView(slot.buffer).setUint32(24, contract + 1);
    new DataView(slot.buffer).setUint32(28, i);
    return slot;
  });
  return keccakMany(preimages)
    .map((key) => ({ key, value: key.slice(0, 8).fill(1, 0, 1) }))
    .sort((a, b) => compareBytes(a.key, b.key));
}
