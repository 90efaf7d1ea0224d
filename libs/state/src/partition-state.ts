import { notHere, type HostAccount } from '@sheaf/evm';
import {
  bytesToHex,
  ChainError,
  concatBytes,
  equalBytes,
  hexToBytes,
  toHeight,
  type Hash32,
  type Height,
} from '@sheaf/primitives';
import {
  createTrieEngine,
  followNodeDiff,
  keccak256,
  keccakMany,
  mergeBuckets,
  readNodeDiff,
  type LeafChange,
  type TopNode,
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
} from './account-record.ts';
import type { AccountChange, BlockChanges } from './block-changes.ts';
import { branchesAreNotOf, CarryOver } from './carry-over.ts';
import { ByteCache } from './byte-cache.ts';
import { eachChange, journalKeys, ValueRows, writeJournal, type NewRow } from './journal.ts';
import { stateTables, type KeyValue, type Write } from './key-value.ts';
import { searchLeaf } from './leaf-search.ts';
import { LentBytes } from './lent-bytes.ts';
import { stateLimits } from './limits.ts';
import { claimStore, heightKey, readHeights, writeHead, writeHeight, type BucketRange } from './meta.ts';
import { digestOf } from './digest.ts';
import {
  batchByBucket,
  sameBytes,
  slotRows,
  slotsLeft,
  startsWith,
  writeRecordAfter,
  type Opened,
  type SlotChange,
  type StorageChange,
} from './opened-accounts.ts';
import {
  branchKey,
  branchKeyBytesMax,
  slotKeyBytes,
  slotKeyOf,
  storageKey,
  writeBranchKey,
  writeSlotKey,
} from './keys.ts';
import { readTops } from './read-top.ts';
import { leafOfSlot, padSlot, trimSlot } from './slot-value.ts';
import { sortByBytes } from './sort-by-bytes.ts';
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
 *   stage     what a commit does in memory, beforehand, while the word for it has not come
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
  readonly #slotName = new Uint8Array(slotKeyBytes);
  readonly #lentNames = new LentBytes();
  readonly #lentEntries = new LentBytes();
  /** Of which a slot was read last, and the id of its storage, -1 for none: mostly the next one is of the same account. */
  readonly #lastAddress = new Uint8Array(20);
  #lastStorageId = -1;
  #tops: TopNode[] = new Array<TopNode>(256).fill({ kind: 'empty' });
  #head: { height: Height; digest: Uint8Array } | undefined;
  #oldest: Height | undefined;
  #nextStorageId = 1;
  readonly #carryOver: CarryOver;
  /** Counts commits, so that what was prepared on another state is refused. */
  #revision = 0;
  #journalBytes = 0;
  #commitsHeldUp = 0;
  /** What memory has beforehand. */
  #staged: PreparedParts | undefined;

  constructor(kv: KeyValue, { buckets = { first: 0, end: 256 }, ...limits }: PartitionOptions = {}) {
    this.#kv = kv;
    this.#limits = { ...stateLimits, ...limits };
    this.#buckets = buckets;
    this.#carryOver = new CarryOver(kv, this.#limits);
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
    const storageId = this.#storageIdOf(address);
    if (storageId === notHere) return notHere;
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
    return this.#carryOver.branch(this.#branchKey, writeBranchKey(this.#branchKey, owner, position));
  }

  leaf(owner: TrieOwner, position: Uint8Array): TrieLeaf | undefined {
    const created = this.#carryOver.created(owner, position);
    return searchLeaf(this.#kv, owner, position, created, (key) =>
      owner === 0 ? this.#carryOver.account(key) : this.#carryOver.slot(slotKeyOf(owner, key)),
    );
  }

  /**
   * Hashes the changes onto the head. Nothing has changed when this returns, or throws; what was prepared before can only
   * be forgotten.
   * @throws ChainError `INVALID_ARGUMENT` for an account of another partition, `DATA_LOSS`, `LIMIT`
   */
  prepare(changes: BlockChanges): PreparedChanges {
    this.unstage();
    const updates = sortByBytes(
      changes.accounts.map((change) => this.#open(change)),
      ({ key }) => key,
    );
    const retired: number[] = [];
    const storages: StorageChange[] = [];
    // All together: one by one they would take three times as long.
    const hashes = keccakMany(updates.flatMap(({ change }) => slotsLeft(change)));
    let hashed = 0;
    for (const update of updates) {
      const { account, slots, storageWiped } = update.change;
      if (slots.length === 0 && !storageWiped && account !== undefined) continue;
      const storage = this.#storageChange(update, hashes, hashed, retired);
      if (storage !== undefined) storages.push(storage);
      if (account !== undefined) hashed += slots.length;
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
   * Does beforehand what a commit of these changes does in memory. From then on reads are of the state afterwards, but for codes, while the head
   * is the one before: nobody reads until the changes are committed or `unstage` has been called.
   * @throws ChainError `CONFLICT` when the state is another than they were prepared for, `UNAVAILABLE`
   */
  stage({ internal }: PreparedChanges): void {
    this.unstage();
    this.#check(internal);
    this.#makeRoom();
    this.#lastStorageId = -1;
    this.#staged = internal;
    this.#apply(internal);
  }

  /** Afterwards memory has nothing of what was staged and is not committed. */
  unstage(): void {
    const staged = this.#staged;
    if (staged === undefined) return;
    this.#staged = undefined;
    this.#lastStorageId = -1;
    this.#undo(staged);
  }

  /**
   * Afterwards the changes are durable and the head is `height`; or it throws and nothing has changed. What `durable` throws comes out
   * when all is done.
   * @throws ChainError `CONFLICT` when the height or the state is another than they were prepared for, `UNAVAILABLE`
   */
  commit({ tops, internal }: PreparedChanges, { height, accessList, also = [], durable }: CommitInput): void {
    const { accounts, slots, commits, codes, retired } = internal;
    const staged = this.#staged === internal;
    if (!staged) this.unstage();
    this.#check(internal);
    if (this.#head !== undefined && height !== this.#head.height + 1n) {
      this.unstage();
      throw conflict(`height ${height} does not follow height ${this.#head.height}`);
    }
    if (!staged) this.#makeRoom();
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
    try {
      this.#kv.write(writes);
    } catch (error) {
      this.unstage();
      throw error;
    }
    // First: whoever hears that it is durable may unstage what is left of a block.
    this.#staged = undefined;
    try {
      durable?.();
    } finally {
      // It is on the disk: whatever the one who waited for that has come to, memory must not say otherwise.
      this.#lastStorageId = -1;
      if (!staged) this.#apply(internal);
      for (const commit of commits) this.#engine.keep(commit);
      this.#revision += 1;
      this.#journalBytes = journal.bytes;
      this.#tops = [...tops];
      this.#oldest ??= height;
      this.#head = { height, digest };
      this.#carryOver.ended(height);
    }
  }

  /**
   * One step of what can be done later: some milliseconds, durable. `false`: there is nothing more to do now. With `idle`
   * even little is carried over.
   * @throws ChainError `UNAVAILABLE` when the disk refuses; it can be called again
   */
  maintain({ idle = false }: { idle?: boolean } = {}): boolean {
    this.unstage();
    return this.#carryOver.step(idle) || this.#dropOldest() || this.#clean();
  }

  stats(): PartitionStats {
    const { cacheBytes, cacheHits, cacheMisses } = this.#engine.stats();
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
      pendingBytes: this.#carryOver.bytes,
      pendingHeights: this.#carryOver.heights,
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
    const record = this.#carryOver.account(key);
    const entry = record === undefined ? key : concatBytes(key, record);
    this.#accounts.set(address, entry);
    return entry;
  }

  /** Of its storage at the head; 0: it has none. */
  #storageIdOf(address: Uint8Array): number | typeof notHere {
    if (this.#lastStorageId >= 0 && equalBytes(this.#lastAddress, address)) return this.#lastStorageId;
    const entry = this.#entry(address);
    if (entry === notHere) return notHere;
    const id = entry.length === 32 ? 0 : storageIdOfAccountRecord(entry.subarray(32));
    this.#lastAddress.set(address);
    this.#lastStorageId = id;
    return id;
  }

  #owns(key: Uint8Array): boolean {
    return key[0]! >= this.#buckets.first && key[0]! < this.#buckets.end;
  }

  /** Without leading zeros; `undefined` for zero. `hash`: the slot's, where it is known. */
  #slot(storageId: number, slot: Uint8Array, hash?: Uint8Array): Uint8Array | undefined {
    if (storageId === 0) return undefined;
    const name = writeSlotKey(this.#slotName, storageId, slot);
    const known = this.#slots.get(name);
    if (known !== undefined) return known ?? undefined;
    const value = this.#carryOver.slot(slotKeyOf(storageId, hash ?? keccak256(slot)));
    this.#slots.set(name, value ?? null);
    return value;
  }

  #open(change: AccountChange): Opened {
    const { address } = change;
    const entry = this.#entry(address);
    if (entry === notHere) {
      throw new ChainError({
        code: 'INVALID_ARGUMENT',
        field: 'changes.accounts',
        message: `account ${bytesToHex(address)} is of another partition`,
      });
    }
    const record = entry.length === 32 ? undefined : entry.subarray(32);
    const storageId = record === undefined ? 0 : storageIdOfAccountRecord(record);
    const storageRoot = storageId === 0 ? emptyRootBytes : storageRootOfAccountRecord(record!);
    return { change, address, key: entry.subarray(0, 32), record, storageId, storageRoot };
  }

  /** What changes in the account's storage; none when nothing does. `hashes`, from `hashed` on: of the slots that are left. */
  #storageChange(
    update: Opened,
    hashes: readonly Uint8Array[],
    hashed: number,
    retired: number[],
  ): StorageChange | undefined {
    const { account, slots: written, storageWiped } = update.change;
    if (update.storageId !== 0 && (account === undefined || storageWiped)) {
      retired.push(update.storageId);
      update.storageId = 0;
      update.storageRoot = emptyRootBytes;
    }
    if (account === undefined) return undefined;
    const fresh = update.storageId === 0;
    const owner = fresh ? this.#nextStorageId : update.storageId;
    const changed: SlotChange[] = [];
    for (let i = 0; i < written.length; i++) {
      const { slot, value } = written[i]!;
      const hash = hashes[hashed + i]!;
      const before = fresh ? undefined : this.#slot(owner, slot, hash);
      const after = trimSlot(value);
      if (!sameBytes(before, after)) changed.push({ slot, hash, before, after });
    }
    if (changed.length === 0) return undefined;
    const slots = sortByBytes(changed, ({ hash }) => hash);
    if (fresh) this.#nextStorageId += 1;
    update.storageId = owner;
    const leaves = slots.map(({ hash, before, after }) => ({
      key: hash,
      value: after && leafOfSlot(after),
      existed: before !== undefined,
    }));
    return { update, batch: { owner, position: new Uint8Array(0), changes: leaves }, slots };
  }

  #apply({ accounts, addresses, slots, slotNames, commits }: PreparedParts): void {
    const { young } = this.#carryOver;
    const names = this.#lentNames;
    eachChange('accounts', accounts, (change, index) => {
      const { key, after } = change;
      const entry = this.#lentEntries.of(key.length + (after?.length ?? 0));
      entry.set(key);
      if (after !== undefined) entry.set(after, key.length);
      this.#accounts.set(names.copy(addresses, 20 * index, 20 * index + 20), entry);
      young.setAccount(change);
    });
    eachChange('slots', slots, (change, index) => {
      const name = names.copy(slotNames, slotKeyBytes * index, slotKeyBytes * (index + 1));
      this.#slots.set(name, change.after ?? null);
      young.setSlot(change);
    });
    const branch = this.#branchKey;
    for (const { nodes } of commits) {
      for (const { owner, position, after } of nodes) {
        const keyBytes = writeBranchKey(branch, owner, position);
        young.branches.set(branch, after ?? null, keyBytes);
      }
    }
  }

  /** Of what `#apply` did: what is pending says what was before, though the tables have it too. */
  #undo({ accounts, addresses, slots, slotNames, commits }: PreparedParts): void {
    const { young } = this.#carryOver;
    eachChange('accounts', accounts, ({ key, before }, index) => {
      const entry = before === undefined ? key : concatBytes(key, before);
      this.#accounts.set(addresses.subarray(20 * index, 20 * index + 20), entry);
      young.setAccount({ key, before: key, after: before });
    });
    eachChange('slots', slots, ({ key, before }, index) => {
      this.#slots.set(slotNames.subarray(slotKeyBytes * index, slotKeyBytes * (index + 1)), before ?? null);
      young.setSlot({ key, before: key, after: before });
    });
    for (const { diff } of commits) {
      for (let at = 0; at < diff.length;) {
        const { entry, end } = readNodeDiff(diff, at);
        const key = branchKey(entry.owner, entry.position);
        young.branches.set(key, followNodeDiff(entry, 'before', young.branches.get(key) ?? undefined) ?? null);
        at = end;
      }
    }
  }

  /** @throws ChainError `CONFLICT` */
  #check({ revision, commits }: PreparedParts): void {
    if (revision !== this.#revision || commits.some(({ valid }) => !valid)) {
      throw conflict('changes were prepared for another state');
    }
  }

  /** Holds a commit up until what is pending is within its bounds. */
  #makeRoom(): void {
    if (!this.#carryOver.full) return;
    this.#commitsHeldUp += 1;
    // Bounds below what an empty one takes cannot be kept.
    while (this.#carryOver.full && this.maintain({ idle: true }));
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
    this.#carryOver.recover(heights);
    this.#tops = readTops(this, this.#buckets);
    if (!equalBytes(digestOf(this.#tops), heights.digest)) throw branchesAreNotOf(heights.head);
    this.#head = { height: heights.head, digest: heights.digest };
  }
}

function retiredKey(height: Height, id: number): Uint8Array {
  return concatBytes(heightKey(height), storageKey(id));
}

function conflict(message: string): ChainError {
  return new ChainError({ code: 'CONFLICT', message });
}
