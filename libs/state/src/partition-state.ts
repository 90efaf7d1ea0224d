import { notHere, type HostAccount } from '@sheaf/evm';
import {
  bytesToHex,
  ChainError,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  isChainError,
  toHeight,
  type Hash32,
  type Height,
} from '@sheaf/primitives';
import {
  createTrieEngine,
  followNodeDiff,
  keccak256,
  mergeBuckets,
  readNodeDiff,
  type LeafChange,
  type NodeDiff,
  type TopNode,
  type TrieBatch,
  type TrieCommit,
  type TrieLeaf,
  type TrieOwner,
  type TrieSource,
} from '@sheaf/trie';
import {
  decodeAccountRecord,
  emptyRootBytes,
  encodeAccountRecord,
  leafOfAccountRecord,
  readStorageId,
  writeStorageId,
  type StoredAccount,
} from './account-record.ts';
import type { AccountChange, BlockChanges } from './block-changes.ts';
import { BranchCache } from './branch-cache.ts';
import { journalKeys, readJournalHead, readJournalRow, writeJournal, type ValueChange } from './journal.ts';
import { stateTables, type KeyValue, type Write } from './key-value.ts';
import { searchLeaf } from './leaf-search.ts';
import { stateLimits } from './limits.ts';
import { claimStore, heightKey, readHeights, writeHead, writeHeight, type BucketRange } from './meta.ts';
import { digestOf } from './digest.ts';
import { branchKey, slotKeyOf, storageKey } from './keys.ts';
import { Pending } from './pending.ts';
import { readTops } from './read-top.ts';
import { leafOfSlot, padSlot, trimSlot } from './slot-value.ts';
import type { StateReader } from './state-reader.ts';
import { ValueCache } from './value-cache.ts';

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
  accounts: AccountUpdate[];
  slots: SlotUpdate[];
  commits: TrieCommit[];
  codes: ReadonlyMap<Hash32, Uint8Array>;
  retired: number[];
}

interface AccountUpdate extends ValueChange {
  entry: AccountEntry;
}

interface SlotUpdate extends ValueChange {
  owner: number;
  slot: Uint8Array;
  /** The whole word afterwards. */
  word: Uint8Array;
}

/** An account that was asked for. */
interface AccountEntry {
  address: Uint8Array;
  key: Uint8Array;
  record: Uint8Array | undefined;
  host: HostAccount | undefined;
  storageId: number;
}

export interface CommitInput {
  /** One above the head; any height when nothing was ever committed. */
  height: Height;
  /** As `encodeAccessList` writes it: kept as long as the height can be read. */
  accessList?: Uint8Array;
  /** Rows of others that go with the block: all of it is durable, or nothing is. */
  also?: readonly Write[];
}

/** Figures for metrics. */
export interface PartitionStats {
  head: Height | undefined;
  oldest: Height | undefined;
  accountsCached: number;
  accountHits: number;
  accountMisses: number;
  slotsCached: number;
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

const zero = new Uint8Array(32);

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
  readonly #engine = createTrieEngine();
  readonly #accounts: ValueCache<AccountEntry>;
  /** By storage id (8 bytes) and slot. */
  readonly #slots: ValueCache<Uint8Array>;
  readonly #branches: BranchCache;
  readonly #slotName = new Uint8Array(40);
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
    this.#accounts = new ValueCache(20, this.#limits.accountsCachedMax);
    this.#slots = new ValueCache(40, this.#limits.slotsCachedMax);
    this.#branches = new BranchCache(this.#limits.branchBytesCachedMax);
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
    return entry === notHere ? notHere : entry.host;
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined | typeof notHere {
    const entry = this.#entry(address);
    if (entry === notHere) return notHere;
    const word = this.#slot(entry.storageId, slot);
    return word === zero ? undefined : word;
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
   * Hashes the changes onto the head. Nothing has changed when this returns, or throws.
   * @throws ChainError `INVALID_ARGUMENT` for an account of another partition, `DATA_LOSS`, `LIMIT`
   */
  prepare(changes: BlockChanges): PreparedChanges {
    const updates = changes.accounts
      .map((change) => this.#open(change))
      .sort((a, b) => compareBytes(a.entry.key, b.entry.key));
    const parts: PreparedParts = {
      revision: this.#revision,
      accounts: [],
      slots: [],
      commits: [],
      codes: changes.codes,
      retired: [],
    };
    const storages = updates.flatMap((update) => this.#storageBatch(update, parts));
    storages.sort((a, b) => a.batch.owner - b.batch.owner);
    const stored = this.#engine.commit(
      storages.map(({ batch }) => batch),
      this,
    );
    storages.forEach(({ update }, index) => {
      update.storageRoot = stored.roots[index]!;
      if (equalBytes(update.storageRoot, emptyRootBytes)) update.storageId = 0;
    });
    parts.slots = storages.flatMap(({ slots }) => slots);
    const leaves: LeafChange[] = [];
    for (const update of updates) {
      const { entry, change } = update;
      const after = change.account && encodeAccountRecord({ ...update, ...change.account });
      if (sameBytes(entry.record, after)) continue;
      parts.accounts.push({ entry, key: entry.key, before: entry.record, after });
      leaves.push({ key: entry.key, value: after && leafOfAccountRecord(after), existed: entry.record !== undefined });
    }
    const batches = batchByBucket(leaves);
    const committed = this.#engine.commit(batches, this);
    parts.commits = [committed, stored];
    const tops = [...this.#tops];
    batches.forEach(({ position }, index) => (tops[position[0]! * 16 + position[1]!] = committed.tops[index]!));
    return { tops, internal: parts };
  }

  /** The state root of a partition that has all buckets. */
  stateRoot(tops: readonly TopNode[] = this.#tops): Hash32 {
    return bytesToHex(mergeBuckets(tops).root) as Hash32;
  }

  /**
   * Afterwards the changes are durable and the head is `height`; or it throws and nothing has changed.
   * @throws ChainError `CONFLICT` when the height or the state is another than they were prepared for, `UNAVAILABLE`
   */
  commit({ tops, internal }: PreparedChanges, { height, accessList, also = [] }: CommitInput): void {
    const { accounts, slots, commits, codes, retired } = internal;
    if (internal.revision !== this.#revision)
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
    this.#apply(accounts, slots, commits);
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
    const pendings = [this.#young, ...(this.#old ? [this.#old.pending] : [])];
    return {
      head: this.#head?.height,
      oldest: this.#oldest,
      accountsCached: this.#accounts.size,
      accountHits: this.#accounts.hits,
      accountMisses: this.#accounts.misses,
      slotsCached: this.#slots.size,
      slotHits: this.#slots.hits,
      slotMisses: this.#slots.misses,
      branchBytesCached: this.#branches.bytes,
      branchHits: this.#branches.hits,
      branchMisses: this.#branches.misses,
      pendingBytes: pendings.reduce((sum, { bytes }) => sum + bytes, 0),
      pendingHeights: pendings.reduce((sum, { heights }) => sum + heights, 0),
      journalBytes: this.#journalBytes,
      commitsHeldUp: this.#commitsHeldUp,
    };
  }

  #entry(address: Uint8Array): AccountEntry | typeof notHere {
    const known = this.#accounts.get(address);
    if (known !== undefined) return known;
    const key = keccak256(address);
    if (!this.#owns(key)) return notHere;
    const entry: AccountEntry = { address: address.slice(), key, record: undefined, host: undefined, storageId: 0 };
    fill(entry, this.#record(key));
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

  /** The word of a slot; `zero` itself when it is not set. */
  #slot(storageId: number, slot: Uint8Array): Uint8Array {
    if (storageId === 0) return zero;
    const name = this.#nameSlot(storageId, slot);
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const value = this.#slotValue(slotKeyOf(storageId, keccak256(slot)));
    const word = value === undefined ? zero : padSlot(value);
    this.#slots.set(this.#nameSlot(storageId, slot), word);
    return word;
  }

  #nameSlot(storageId: number, slot: Uint8Array): Uint8Array {
    writeStorageId(this.#slotName, 2, storageId);
    this.#slotName.set(slot, 8);
    return this.#slotName;
  }

  /** `key`: storage id and slot key. Without leading zeros. */
  #slotValue(key: Uint8Array): Uint8Array | undefined {
    const young = this.#young.slot(key);
    const pending = young === undefined ? this.#old?.pending.slot(key) : young;
    if (pending !== undefined) return pending ?? undefined;
    return this.#kv.get(stateTables.slots, key)?.slice();
  }

  #branch(owner: TrieOwner, position: Uint8Array): Uint8Array | undefined {
    const known = this.#branches.get(owner, position);
    if (known !== undefined) return known.after;
    const pending = this.#young.branch(owner, position) ?? this.#old?.pending.branch(owner, position);
    if (pending !== undefined) return pending.after;
    const after = this.#kv.get(stateTables.branches, branchKey(owner, position))?.slice();
    this.#branches.set({ owner, position: position.slice(), after });
    return after;
  }

  #open(change: AccountChange): Opened {
    const entry = this.#entry(hexToBytes(change.address));
    if (entry === notHere) {
      throw new ChainError({
        code: 'INVALID_ARGUMENT',
        field: 'changes.accounts',
        message: `account ${change.address} is of another partition`,
      });
    }
    const { storageId, storageRoot } = entry.record ? decodeAccountRecord(entry.record) : noStorage;
    return { change, entry, storageId, storageRoot };
  }

  /** What changes in the account's storage; none when nothing does. */
  #storageBatch(update: Opened, parts: PreparedParts): { update: Opened; batch: TrieBatch; slots: SlotUpdate[] }[] {
    const { change } = update;
    if (update.storageId !== 0 && (change.account === undefined || change.storageWiped)) {
      parts.retired.push(update.storageId);
      update.storageId = 0;
      update.storageRoot = emptyRootBytes;
    }
    if (change.account === undefined || change.slots.length === 0) return [];
    const fresh = update.storageId === 0;
    const owner = fresh ? this.#nextStorageId : update.storageId;
    const slots: SlotUpdate[] = [];
    for (const { slot, value } of change.slots) {
      const bytes = hexToBytes(slot);
      const before = fresh ? undefined : trimSlot(this.#slot(owner, bytes));
      const after = trimSlot(value);
      if (sameBytes(before, after)) continue;
      const word = after === undefined ? zero : value;
      slots.push({ owner, slot: bytes, word, key: slotKeyOf(owner, keccak256(bytes)), before, after });
    }
    if (slots.length === 0) return [];
    slots.sort((a, b) => compareBytes(a.key, b.key));
    if (fresh) this.#nextStorageId += 1;
    update.storageId = owner;
    const leaves = slots.map(({ key, before, after }) => ({
      key: key.subarray(6),
      value: after && leafOfSlot(after),
      existed: before !== undefined,
    }));
    return [{ update, batch: { owner, position: new Uint8Array(0), changes: leaves }, slots }];
  }

  #apply(accounts: readonly AccountUpdate[], slots: readonly SlotUpdate[], commits: readonly TrieCommit[]): void {
    for (const update of accounts) {
      fill(update.entry, update.after);
      // It may have left the cache since.
      this.#accounts.set(update.entry.address, update.entry);
      this.#young.setAccount(update);
    }
    for (const update of slots) {
      this.#slots.set(this.#nameSlot(update.owner, update.slot), update.word);
      this.#young.setSlot(update.owner, update);
    }
    for (const { nodes } of commits) {
      for (const branch of nodes) {
        this.#branches.set(branch);
        this.#young.setBranch(branch);
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
    while (full()) this.maintain({ idle: true });
  }

  #beginCarrying(): void {
    const pending = this.#young;
    const writes = pending.writes();
    this.#old = { pending, writes, next: 0 };
    this.#young = new Pending();
  }

  #carry(old: Carrying): void {
    const slice = old.writes.slice(old.next, old.next + this.#limits.maintenanceRowsMax);
    const end = old.next + slice.length;
    const done = end === old.writes.length;
    const { height } = old.pending;
    if (done) slice.push(writeHeight('pending-from', toHeight(height! + 1n)), writeHeight('carrying', undefined));
    else if (old.next === 0) slice.push(writeHeight('carrying', height));
    this.#kv.write(slice);
    old.next = end;
    if (done) this.#old = undefined;
  }

  /** Drops the journal of a height that nobody may ask for any more. */
  #dropOldest(): boolean {
    if (this.#head === undefined || this.#oldest === undefined) return false;
    const next = toHeight(this.#oldest + 1n);
    if (next > this.#head.height - BigInt(this.#limits.heightsKept)) return false;
    if (next >= readHeights(this.#kv)!.pendingFrom) return false;
    const writes: Write[] = [writeHeight('oldest', next)];
    // The first height of all has a journal too, although nobody can go back beyond it.
    for (const height of [this.#oldest, next]) {
      writes.push({ table: stateTables.accessLists, key: heightKey(height), value: undefined });
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
    for (const { after } of this.#young.branches()) if (after === unknownBranch) throw notOf(heights.head);
    this.#tops = readTops(this, this.#buckets);
    if (!equalBytes(digestOf(this.#tops), heights.digest)) throw notOf(heights.head);
    this.#head = { height: heights.head, digest: heights.digest };
  }

  /**
   * `carrying`: the tables may be ahead of the height, for some of their keys. What is set anew ends right whatever it is
   * set upon. A branch may be missing or have other children than its entry tells of, but only when a later entry tells
   * all of it: until then it is unknown.
   */
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
      for (let i = 0; i < row.count; i++) {
        const change = row.value(i);
        this.#young.setSlot(readStorageId(change.key, 0), change);
      }
    }
    for (let number = 0; number < head.branches.length; number++) {
      const row = readJournalRow(this.#kv, height, 'branches', number);
      for (let i = 0; i < row.count; i++) this.#replayBranch(readNodeDiff(row.bytes, row.offset(i)).entry, carrying);
    }
    this.#young.height = height;
    this.#young.heights += 1;
  }

  #replayBranch(entry: NodeDiff, carrying: boolean): void {
    const { owner, position } = entry;
    const pending = this.#young.branch(owner, position);
    const before = pending ? pending.after : this.#kv.get(stateTables.branches, branchKey(owner, position));
    const set = (after: Uint8Array | undefined) => this.#young.setBranch({ owner, position, after });
    if (before === unknownBranch && entry.kind === 'references') return;
    try {
      set(followNodeDiff(entry, 'after', before));
    } catch (error) {
      if (!carrying || !isChainError(error, 'DATA_LOSS')) throw error;
      set(unknownBranch);
    }
  }
}

/** What is being carried over into the tables, and how far that is. */
interface Carrying {
  pending: Pending;
  writes: Write[];
  next: number;
}

/** An account whose change is being worked out: as it will be, but for what `change` says. */
interface Opened {
  change: AccountChange;
  entry: AccountEntry;
  storageId: number;
  storageRoot: Uint8Array;
}

const noStorage: Pick<StoredAccount, 'storageId' | 'storageRoot'> = { storageId: 0, storageRoot: emptyRootBytes };
/** Stands for a branch that only a later entry of the journal can tell. */
const unknownBranch = new Uint8Array(0);

function fill(entry: AccountEntry, record: Uint8Array | undefined): void {
  entry.record = record;
  entry.host = undefined;
  entry.storageId = 0;
  if (record === undefined) return;
  const { nonce, balance, codeHash, storageId } = decodeAccountRecord(record);
  entry.host = { nonce, balance, codeHash, hasStorage: storageId !== 0 };
  entry.storageId = storageId;
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
