import { notHere, type HostAccount } from '@sheaf/evm';
import {
  bytesToHex,
  ChainError,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  toHeight,
  type Hash32,
  type Height,
} from '@sheaf/primitives';
import {
  createTrieEngine,
  keccak256,
  keccakMany,
  mergeBuckets,
  readNodeDiff,
  type LeafChange,
  type TopNode,
  type TrieBatch,
  type TrieCommit,
  type TrieEngine,
  type TrieLeaf,
  type TrieOwner,
  type TrieSource,
} from '@sheaf/trie';
import {
  emptyRootBytes,
  accountLeafBytesMax,
  accountRecordBytesMax,
  hostOfAccountRecord,
  readStorageId,
  storageIdOfAccountRecord,
  storageRootOfAccountRecord,
  writeAccountLeaf,
  writeAccountRecord,
} from './account-record.ts';
import type { AccountChange, BlockChanges } from './block-changes.ts';
import { ByteCache } from './byte-cache.ts';
import { sortedOrder } from './byte-table.ts';
import {
  JournalRow,
  journalKeys,
  readJournalHead,
  readJournalRow,
  ValueRows,
  writeJournal,
  type NewRow,
  type ValueChange,
} from './journal.ts';
import { stateTables, type KeyValue, type Write } from './key-value.ts';
import { searchLeaf } from './leaf-search.ts';
import { stateLimits } from './limits.ts';
import { claimStore, heightKey, readHeights, writeHead, writeHeight, type BucketRange } from './meta.ts';
import { digestOf } from './digest.ts';
import { addBranch } from './head-overlay.ts';
import { branchKeyBytesMax, slotKeyOf, storageKey, writeBranchKey } from './keys.ts';
import { Pending } from './pending.ts';
import { readTops } from './read-top.ts';
import { leafOfSlot, padSlot, trimSlot } from './slot-value.ts';
import type { StateReader } from './state-reader.ts';

export type PartitionOptions = { [Name in keyof typeof stateLimits]?: number } & {
  /** All 256 by default. */
  buckets?: BucketRange;
};

/** Changes with their hashes: what a commit makes durable. */
export interface PreparedChanges {
  /** What hangs at each of the 256 buckets afterwards; those of other partitions are empty. Nothing of it is hashed. */
  tops: readonly TopNode[];
  /** The part of it that is the store's own. */
  readonly internal: PreparedParts;
}

interface PreparedParts {
  revision: number;
  accounts: NewRow[];
  /** 20 bytes for each entry of the rows. */
  addresses: Uint8Array;
  slots: NewRow[];
  /** For each entry of the rows its key with the slot's own bytes: 38. */
  slotNames: Uint8Array;
  commits: TrieCommit[];
  codes: ReadonlyMap<Hash32, Uint8Array>;
  retired: number[];
}

/** What changes in one storage. */
interface StorageChange {
  update: Opened;
  batch: TrieBatch;
  slots: SlotChange[];
}

/** A slot that a block leaves something in, and its hash. */
interface WrittenSlot {
  slot: Uint8Array;
  value: Uint8Array;
  hash: Uint8Array;
}

interface SlotChange extends ValueChange {
  /** As `key`, with the slot's own bytes. */
  name: Uint8Array;
}

export interface CommitInput {
  /** One above the head; any height when nothing was ever committed. */
  height: Height;
  /** As `encodeAccessList` writes it: kept as long as the height can be read. */
  accessList?: Uint8Array;
  /** Rows of others that go with the block: all of it is durable, or nothing is. */
  also?: readonly Write[];
  /** Called when the block is durable, before the head is another here: for whoever waits for nothing else. It must not read the state. */
  durable?: () => void;
}

/** Figures for metrics. */
export interface PartitionStats {
  head: Height | undefined;
  oldest: Height | undefined;
  accountBytesCached: number;
  accountHits: number;
  accountMisses: number;
  slotBytesCached: number;
  slotHits: number;
  slotMisses: number;
  branchBytesCached: number;
  branchHits: number;
  branchMisses: number;
  pendingBytes: number;
  pendingHeights: number;
  /** Bytes that the last commit added to the journal. */
  journalBytes: number;
  /** Commits that had to wait for changes to be carried over. */
  commitsHeldUp: number;
}

/**
 * The state of one partition at its head, and the only one who changes it. Synchronous; one thread's own.
 *
 *   prepare   changes to hashes; nothing has happened yet
 *   commit    one write to the journal: durable
 *   maintain  carries what the journal has over into the tables, drops what is too old
 *
 * Reads answer from caches, then from what is not carried over yet, then from the tables.
 */
export class PartitionState implements StateReader, TrieSource {
  readonly #kv: KeyValue;
  readonly #limits: Required<Omit<PartitionOptions, 'buckets'>>;
  readonly #buckets: BucketRange;
  /** It keeps the branches that were used lately. */
  readonly #engine: TrieEngine;
  /** Account key and record by address. */
  readonly #accounts: ByteCache;
  /** Values without leading zeros by storage id and slot. */
  readonly #slots: ByteCache;
  readonly #branchKey = new Uint8Array(branchKeyBytesMax);
  #tops: TopNode[] = new Array<TopNode>(256).fill({ kind: 'empty' });
  #head: { height: Height; digest: Uint8Array } | undefined;
  #oldest: Height | undefined;
  #nextStorageId = 1;
  #young = new Pending();
  #old: Carrying | undefined;
  /** Counts commits, so that what was prepared on another state is refused. */
  #revision = 0;
  #journalBytes = 0;
  #commitsHeldUp = 0;

  constructor(kv: KeyValue, { buckets = { first: 0, end: 256 }, ...limits }: PartitionOptions = {}) {
    this.#kv = kv;
    this.#limits = { ...stateLimits, ...limits };
    this.#buckets = buckets;
    this.#accounts = new ByteCache(this.#limits.accountBytesCachedMax);
    this.#slots = new ByteCache(this.#limits.slotBytesCachedMax);
    this.#engine = createTrieEngine({ cacheBytes: this.#limits.branchBytesCachedMax });
    claimStore(kv, buckets, { loading: false });
    this.#recover();
  }

  /** The last committed height; `undefined` when there is none. */
  head(): Height | undefined {
    return this.#head?.height;
  }

  /** What hangs at each bucket at the head. */
  tops(): readonly TopNode[] {
    return this.#tops;
  }

  buckets(): BucketRange {
    return this.#buckets;
  }

  account(address: Uint8Array): HostAccount | undefined | typeof notHere {
    const entry = this.#entry(address);
    if (entry === notHere) return notHere;
    return entry.length === 32 ? undefined : hostOfAccountRecord(entry.subarray(32));
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined | typeof notHere {
    const entry = this.#entry(address);
    if (entry === notHere) return notHere;
    const storageId = entry.length === 32 ? 0 : storageIdOfAccountRecord(entry.subarray(32));
    const value = this.#slot(storageId, slot);
    return value && padSlot(value);
  }

  /** @throws ChainError `DATA_LOSS` when the store lacks it: whoever owns an account has its code */
  code(codeHash: Uint8Array): Uint8Array {
    const code = this.#kv.get(stateTables.codes, codeHash)?.slice();
    if (code === undefined) {
      throw new ChainError({ code: 'DATA_LOSS', message: `code ${bytesToHex(codeHash)} is missing` });
    }
    return code;
  }

  branch(owner: TrieOwner, position: Uint8Array): Uint8Array | undefined {
    return this.#branch(owner, position);
  }

  leaf(owner: TrieOwner, position: Uint8Array): TrieLeaf | undefined {
    const created = (function* (pendings: (Pending | undefined)[]) {
      for (const pending of pendings) if (pending !== undefined) yield* pending.created(owner, position);
    })([this.#young, this.#old?.pending]);
    return searchLeaf(this.#kv, owner, position, created, (key) =>
      owner === 0 ? this.#record(key) : this.#slotValue(slotKeyOf(owner, key)),
    );
  }

  /**
   * Hashes the changes onto the head. Nothing has changed when this returns, or throws; what was prepared before can only
   * be forgotten.
   * @throws ChainError `INVALID_ARGUMENT` for an account of another partition, `DATA_LOSS`, `LIMIT`
   */
  prepare(changes: BlockChanges): PreparedChanges {
    const updates = sortByKey(changes.accounts.map((change) => this.#open(change)));
    const retired: number[] = [];
    const storages: StorageChange[] = [];
    const changed = updates.map(({ change }) => writtenSlots(change));
    // All together: one by one they would take three times as long.
    const slotHashes = keccakMany(changed.flat().map(({ slot }) => slot)).values();
    for (const [index, update] of updates.entries()) {
      const slots = changed[index]!.map((each) => ({ ...each, hash: slotHashes.next().value! }));
      const { account, storageWiped } = update.change;
      if (slots.length === 0 && !storageWiped && account !== undefined) continue;
      const storage = this.#storageChange(update, slots, retired);
      if (storage !== undefined) storages.push(storage);
    }
    storages.sort((a, b) => a.batch.owner - b.batch.owner);
    const stored = this.#engine.commit(
      storages.map(({ batch }) => batch),
      this,
    );
    storages.forEach(({ update }, index) => {
      update.storageRoot = stored.roots[index]!;
      if (equalBytes(update.storageRoot, emptyRootBytes)) update.storageId = 0;
    });
    const rows = new ValueRows('accounts');
    const addresses = new Uint8Array(20 * updates.length);
    const leaves: LeafChange[] = [];
    const after = new Uint8Array(accountRecordBytesMax);
    const values = new Uint8Array(accountLeafBytesMax * updates.length);
    let valuesEnd = 0;
    for (const update of updates) {
      const { key, record, address } = update;
      const bytes = writeRecordAfter(after, update);
      if (bytes === (record?.length ?? 0) && startsWith(after, record)) continue;
      addresses.set(address, 20 * rows.count);
      rows.add(key, record, after, bytes);
      const start = valuesEnd;
      if (bytes > 0) valuesEnd = writeAccountLeaf(values, start, after, bytes);
      const value = bytes === 0 ? undefined : values.subarray(start, valuesEnd);
      leaves.push({ key, value, existed: record !== undefined });
    }
    const batches = batchByBucket(leaves);
    const committed = this.#engine.commit(batches, this, { lend: true });
    const tops = [...this.#tops];
    batches.forEach(({ position }, index) => (tops[position[0]! * 16 + position[1]!] = committed.tops[index]!));
    const internal = {
      revision: this.#revision,
      accounts: rows.finish(),
      addresses,
      ...slotRows(storages),
      commits: [committed, stored],
      codes: changes.codes,
      retired,
    };
    return { tops, internal };
  }

  /** The state root of a partition that has all buckets. */
  stateRoot(tops: readonly TopNode[] = this.#tops): Hash32 {
    return bytesToHex(mergeBuckets(tops).root) as Hash32;
  }

  /**
   * Afterwards the changes are durable and the head is `height`; or it throws and nothing has changed.
   * @throws ChainError `CONFLICT` when the height or the state is another than they were prepared for, `UNAVAILABLE`
   */
  commit({ tops, internal }: PreparedChanges, { height, accessList, also = [], durable }: CommitInput): void {
    const { accounts, slots, commits, codes, retired } = internal;
    if (internal.revision !== this.#revision || commits.some(({ valid }) => !valid))
      throw conflict(`changes of height ${height} were prepared for another state`);
    if (this.#head !== undefined && height !== this.#head.height + 1n) {
      throw conflict(`height ${height} does not follow height ${this.#head.height}`);
    }
    this.#makeRoom();
    const digest = digestOf(tops);
    const journal = writeJournal({
      height,
      accounts,
      slots,
      branches: commits.map(({ diff }) => diff),
    });
    const nextStorageId = this.#nextStorageId;
    const writes = [...journal.writes, writeHead({ head: height, digest, nextStorageId }), ...also];
    for (const [hash, code] of codes) writes.push({ table: stateTables.codes, key: hexToBytes(hash), value: code });
    for (const id of retired)
      writes.push({ table: stateTables.retired, key: retiredKey(height, id), value: Uint8Array.of(1) });
    if (accessList !== undefined) {
      writes.push({ table: stateTables.accessLists, key: heightKey(height), value: accessList });
    }
    if (this.#head === undefined) writes.push(writeHeight('oldest', height), writeHeight('pending-from', height));
    this.#kv.write(writes);
    durable?.();
    this.#apply(internal);
    this.#revision += 1;
    this.#journalBytes = journal.bytes;
    this.#tops = [...tops];
    this.#oldest ??= height;
    this.#head = { height, digest };
    this.#young.height = height;
    this.#young.heights += 1;
  }

  /**
   * One step of what can be done later: some milliseconds, durable. `false`: there is nothing more to do now. With `idle`
   * even little is carried over.
   * @throws ChainError `UNAVAILABLE` when the disk refuses; it can be called again
   */
  maintain({ idle = false }: { idle?: boolean } = {}): boolean {
    if (this.#old !== undefined) {
      this.#carry(this.#old);
      return true;
    }
    const { bytes, heights } = this.#young;
    const { pendingBytesMin, pendingHeightsMin } = this.#limits;
    if (heights > 0 && (idle || bytes >= pendingBytesMin || heights >= pendingHeightsMin)) {
      this.#beginCarrying();
      return true;
    }
    return this.#dropOldest() || this.#clean();
  }

  stats(): PartitionStats {
    const { cacheBytes, cacheHits, cacheMisses } = this.#engine.stats();
    const pendings = [this.#young, ...(this.#old ? [this.#old.pending] : [])];
    return {
      head: this.#head?.height,
      oldest: this.#oldest,
      accountBytesCached: this.#accounts.bytes,
      accountHits: this.#accounts.hits,
      accountMisses: this.#accounts.misses,
      slotBytesCached: this.#slots.bytes,
      slotHits: this.#slots.hits,
      slotMisses: this.#slots.misses,
      branchBytesCached: cacheBytes,
      branchHits: cacheHits,
      branchMisses: cacheMisses,
      pendingBytes: pendings.reduce((sum, { bytes }) => sum + bytes, 0),
      pendingHeights: pendings.reduce((sum, { heights }) => sum + heights, 0),
      journalBytes: this.#journalBytes,
      commitsHeldUp: this.#commitsHeldUp,
    };
  }

  /** The account's key and after it its record, or nothing. */
  #entry(address: Uint8Array): Uint8Array | typeof notHere {
    const known = this.#accounts.get(address);
    if (known !== undefined && known !== null) return known;
    const key = keccak256(address);
    if (!this.#owns(key)) return notHere;
    const record = this.#record(key);
    const entry = record === undefined ? key : concatBytes(key, record);
    this.#accounts.set(address, entry);
    return entry;
  }

  #owns(key: Uint8Array): boolean {
    return key[0]! >= this.#buckets.first && key[0]! < this.#buckets.end;
  }

  #record(key: Uint8Array): Uint8Array | undefined {
    const young = this.#young.account(key);
    const pending = young === undefined ? this.#old?.pending.account(key) : young;
    if (pending !== undefined) return pending ?? undefined;
    return this.#kv.get(stateTables.accounts, key)?.slice();
  }

  /** Without leading zeros; `undefined` for zero. `hash`: the slot's, where it is known. */
  #slot(storageId: number, slot: Uint8Array, hash?: Uint8Array): Uint8Array | undefined {
    if (storageId === 0) return undefined;
    const name = slotKeyOf(storageId, slot);
    const known = this.#slots.get(name);
    if (known !== undefined) return known ?? undefined;
    const value = this.#slotValue(slotKeyOf(storageId, hash ?? keccak256(slot)));
    this.#slots.set(name, value ?? null);
    return value;
  }

  /** `key`: storage id and slot key. Without leading zeros. */
  #slotValue(key: Uint8Array): Uint8Array | undefined {
    const young = this.#young.slot(key);
    const pending = young === undefined ? this.#old?.pending.slot(key) : young;
    if (pending !== undefined) return pending ?? undefined;
    return this.#kv.get(stateTables.slots, key)?.slice();
  }

  #branch(owner: TrieOwner, position: Uint8Array): Uint8Array | undefined {
    const key = this.#branchKey;
    const keyBytes = writeBranchKey(key, owner, position);
    let record = this.#young.branches.get(key, keyBytes);
    if (record === undefined) record = this.#old?.pending.branches.get(key, keyBytes);
    if (record === undefined) record = this.#kv.get(stateTables.branches, key.subarray(0, keyBytes));
    return record ?? undefined;
  }

  #open(change: AccountChange): Opened {
    const address = hexToBytes(change.address);
    const entry = this.#entry(address);
    if (entry === notHere) {
      throw new ChainError({
        code: 'INVALID_ARGUMENT',
        field: 'changes.accounts',
        message: `account ${change.address} is of another partition`,
      });
    }
    const record = entry.length === 32 ? undefined : entry.subarray(32);
    const storageId = record === undefined ? 0 : storageIdOfAccountRecord(record);
    const storageRoot = storageId === 0 ? emptyRootBytes : storageRootOfAccountRecord(record!);
    return { change, address, key: entry.subarray(0, 32), record, storageId, storageRoot };
  }

  /** What changes in the account's storage; none when nothing does. */
  #storageChange(update: Opened, written: readonly WrittenSlot[], retired: number[]): StorageChange | undefined {
    const { change } = update;
    if (update.storageId !== 0 && (change.account === undefined || change.storageWiped)) {
      retired.push(update.storageId);
      update.storageId = 0;
      update.storageRoot = emptyRootBytes;
    }
    if (written.length === 0) return undefined;
    const fresh = update.storageId === 0;
    const owner = fresh ? this.#nextStorageId : update.storageId;
    const slots: SlotChange[] = [];
    for (const { slot, value, hash } of written) {
      const before = fresh ? undefined : this.#slot(owner, slot, hash);
      const after = trimSlot(value);
      if (sameBytes(before, after)) continue;
      slots.push({ name: slotKeyOf(owner, slot), key: slotKeyOf(owner, hash), before, after });
    }
    if (slots.length === 0) return undefined;
    slots.sort((a, b) => compareBytes(a.key, b.key));
    if (fresh) this.#nextStorageId += 1;
    update.storageId = owner;
    const leaves = slots.map(({ key, before, after }) => ({
      key: key.subarray(6),
      value: after && leafOfSlot(after),
      existed: before !== undefined,
    }));
    return { update, batch: { owner, position: new Uint8Array(0), changes: leaves }, slots };
  }

  #apply({ accounts, addresses, slots, slotNames, commits }: PreparedParts): void {
    let index = 0;
    for (const change of valuesOf('accounts', accounts)) {
      const { key, after } = change;
      const address = addresses.subarray(20 * index, 20 * ++index);
      this.#accounts.set(address, after === undefined ? key : concatBytes(key, after));
      this.#young.setAccount(change);
    }
    index = 0;
    for (const change of valuesOf('slots', slots)) {
      this.#slots.set(slotNames.subarray(38 * index, 38 * ++index), change.after ?? null);
      this.#young.setSlot(change);
    }
    const branch = this.#branchKey;
    for (const commit of commits) {
      this.#engine.keep(commit);
      for (const { owner, position, after } of commit.nodes) {
        const keyBytes = writeBranchKey(branch, owner, position);
        this.#young.branches.set(branch, after ?? null, keyBytes);
      }
    }
  }

  /** Holds a commit up until what is pending is within its bounds. */
  #makeRoom(): void {
    const { pendingBytesMax, pendingHeightsMax } = this.#limits;
    const full = () => {
      const { pendingBytes, pendingHeights } = this.stats();
      return pendingBytes > pendingBytesMax || pendingHeights >= pendingHeightsMax;
    };
    if (!full()) return;
    this.#commitsHeldUp += 1;
    // Bounds below what an empty one takes cannot be kept.
    while (full() && this.maintain({ idle: true }));
  }

  #beginCarrying(): void {
    const pending = this.#young;
    this.#old = { pending, writes: pending.writes(), begun: false };
    this.#young = new Pending();
  }

  #carry(old: Carrying): void {
    const { height } = old.pending;
    const slice = old.waiting ?? take(old.writes, this.#limits.maintenanceRowsMax);
    // Until it is written it is kept: a full disk may have room later.
    old.waiting = slice;
    const done = slice.length < this.#limits.maintenanceRowsMax;
    const marks = done ? [writeHeight('pending-from', toHeight(height! + 1n)), writeHeight('carrying', undefined)] : [];
    if (!done && !old.begun) marks.push(writeHeight('carrying', height));
    this.#kv.write([...slice, ...marks]);
    old.waiting = undefined;
    old.begun = true;
    if (done) this.#old = undefined;
  }

  /** Drops the journal of a height that nobody may ask for any more. */
  #dropOldest(): boolean {
    if (this.#head === undefined || this.#oldest === undefined) return false;
    const next = toHeight(this.#oldest + 1n);
    if (next > this.#head.height - BigInt(this.#limits.heightsKept)) return false;
    if (next >= readHeights(this.#kv)!.pendingFrom) return false;
    const writes: Write[] = [
      writeHeight('oldest', next),
      { table: stateTables.accessLists, key: heightKey(this.#oldest), value: undefined },
    ];
    // The first height of all has a journal too, although nobody can go back beyond it.
    for (const height of [this.#oldest, next]) {
      for (const key of journalKeys(this.#kv, height))
        writes.push({ table: stateTables.journal, key, value: undefined });
    }
    this.#kv.write(writes);
    this.#oldest = next;
    return true;
  }

  /** Deletes rows of a storage that was wiped before the oldest height that can be read. */
  #clean(): boolean {
    if (this.#oldest === undefined) return false;
    const [entry] = this.#kv.range(stateTables.retired, new Uint8Array(1), heightKey(this.#oldest + 1n), 1);
    if (entry === undefined) return false;
    const id = readStorageId(entry.key, 8);
    const [from, to] = [storageKey(id), storageKey(id + 1)];
    const writes: Write[] = [];
    for (const table of [stateTables.slots, stateTables.branches]) {
      const rows = this.#kv.range(table, from, to, this.#limits.maintenanceRowsMax - writes.length);
      for (const { key } of rows) writes.push({ table, key, value: undefined });
    }
    if (writes.length < this.#limits.maintenanceRowsMax) {
      writes.push({ table: stateTables.retired, key: entry.key, value: undefined });
    }
    this.#kv.write(writes);
    return true;
  }

  /** Brings back in memory what the journal has and the tables have not. */
  #recover(): void {
    const heights = readHeights(this.#kv);
    if (heights === undefined) return;
    this.#oldest = heights.oldest;
    this.#nextStorageId = heights.nextStorageId;
    for (let height = heights.pendingFrom; height <= heights.head; height = toHeight(height + 1n)) {
      this.#replay(height, heights.carrying !== undefined);
    }
    for (const { value } of this.#young.branches.entries()) if (value?.length === 0) throw notOf(heights.head);
    this.#tops = readTops(this, this.#buckets);
    if (!equalBytes(digestOf(this.#tops), heights.digest)) throw notOf(heights.head);
    this.#head = { height: heights.head, digest: heights.digest };
  }

  /** Puts what the height left into what is pending; for `carrying` see `addBranch`. */
  #replay(height: Height, carrying: boolean): void {
    const head = readJournalHead(this.#kv, height);
    if (head === undefined)
      throw new ChainError({ code: 'DATA_LOSS', message: `the journal of height ${height} is missing` });
    for (let number = 0; number < head.accounts.length; number++) {
      const row = readJournalRow(this.#kv, height, 'accounts', number);
      for (let i = 0; i < row.count; i++) this.#young.setAccount(row.value(i));
    }
    for (let number = 0; number < head.slots.length; number++) {
      const row = readJournalRow(this.#kv, height, 'slots', number);
      for (let i = 0; i < row.count; i++) this.#young.setSlot(row.value(i));
    }
    for (let number = 0; number < head.branches.length; number++) {
      const row = readJournalRow(this.#kv, height, 'branches', number);
      for (let i = 0; i < row.count; i++) {
        addBranch(this.#kv, this.#young.branches, readNodeDiff(row.bytes, row.offset(i)).entry, carrying);
      }
    }
    this.#young.height = height;
    this.#young.heights += 1;
  }
}

/** What is being carried over into the tables, and how far that is. */
interface Carrying {
  pending: Pending;
  /** What is left of it. */
  writes: Iterator<Write>;
  /** Taken and not written. */
  waiting?: Write[] | undefined;
  begun: boolean;
}

/** An account whose change is being worked out: as it will be, but for what `change` says. */
interface Opened {
  change: AccountChange;
  address: Uint8Array;
  key: Uint8Array;
  /** As it is. */
  record: Uint8Array | undefined;
  storageId: number;
  storageRoot: Uint8Array;
}

/** As it will be, into `record`; how many bytes it has, 0 when it is gone. */
function writeRecordAfter(record: Uint8Array, { change, storageId, storageRoot }: Opened): number {
  if (change.account === undefined) return 0;
  const { nonce, balance, codeHash } = change.account;
  return writeAccountRecord(record, { nonce, balance, codeHash, storageId, storageRoot });
}

function startsWith(bytes: Uint8Array, start: Uint8Array = new Uint8Array(0)): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

/** By rising key. A comparison of bytes takes longer than all else that is done with an account before it is hashed. */
function sortByKey(updates: readonly Opened[]): Opened[] {
  const prefixes = new Float64Array(updates.length);
  for (let i = 0; i < prefixes.length; i++) {
    const { key } = updates[i]!;
    const high = (key[0]! << 16) | (key[1]! << 8) | key[2]!;
    prefixes[i] = high * 2 ** 24 + ((key[3]! << 16) | (key[4]! << 8) | key[5]!);
  }
  const order = sortedOrder(prefixes);
  const sorted: Opened[] = [];
  for (let i = 0; i < order.length; i++) sorted.push(updates[order[i]!]!);
  // Keys whose first bytes are the same can be made, at a price; and the order knows not all bits of many.
  for (let i = 1; i < sorted.length; i++) {
    if (prefixes[order[i - 1]!]! >= prefixes[order[i]!]!) return sorted.sort((a, b) => compareBytes(a.key, b.key));
  }
  return sorted;
}

function slotRows(storages: readonly StorageChange[]): Pick<PreparedParts, 'slots' | 'slotNames'> {
  const rows = new ValueRows('slots');
  const slotNames = new Uint8Array(38 * storages.reduce((sum, { slots }) => sum + slots.length, 0));
  for (const { slots } of storages) {
    for (const { key, name, before, after } of slots) {
      slotNames.set(name, 38 * rows.count);
      rows.add(key, before, after);
    }
  }
  return { slots: rows.finish(), slotNames };
}

function* valuesOf(section: 'accounts' | 'slots', rows: readonly NewRow[]): Generator<ValueChange> {
  for (const { bytes } of rows) {
    const row = new JournalRow(section, bytes);
    for (let i = 0; i < row.count; i++) yield row.value(i);
  }
}

function take<T>(from: Iterator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const { done, value } = from.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

/** Of an account that is gone afterwards there are none. */
function writtenSlots({ account, slots }: AccountChange): Omit<WrittenSlot, 'hash'>[] {
  if (account === undefined) return [];
  return slots.map(({ slot, value }) => ({ slot: hexToBytes(slot), value }));
}

function batchByBucket(leaves: readonly LeafChange[]): TrieBatch[] {
  const batches: TrieBatch[] = [];
  for (let start = 0; start < leaves.length;) {
    const bucket = leaves[start]!.key[0]!;
    let end = start;
    while (end < leaves.length && leaves[end]!.key[0] === bucket) end += 1;
    batches.push({ owner: 0, position: Uint8Array.of(bucket >> 4, bucket & 15), changes: leaves.slice(start, end) });
    start = end;
  }
  return batches;
}

function retiredKey(height: Height, id: number): Uint8Array {
  return concatBytes(heightKey(height), storageKey(id));
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}

function conflict(message: string): ChainError {
  return new ChainError({ code: 'CONFLICT', message });
}

function notOf(height: Height): ChainError {
  const message = `the branches of the state store are not those of height ${height}: restore it from a snapshot`;
  return new ChainError({ code: 'DATA_LOSS', message });
}
