import { notHere, type HostAccount } from '@sheaf/evm';
import { bytesToHex, ChainError, type Hash32, type Height } from '@sheaf/primitives';
import {
  followNodeDiff,
  keccak256,
  mergeBuckets,
  readNodeDiff,
  type MergedBuckets,
  type NodeDiff,
  type TopNode,
  type TrieLeaf,
  type TrieOwner,
  type TrieSource,
} from '@sheaf/trie';
import { decodeAccountRecord, type StoredAccount } from './account-record.ts';
import { JournalReader } from './journal-reader.ts';
import { HeadOverlay } from './head-overlay.ts';
import type { JournalSection, ValueChange } from './journal.ts';
import { stateTables, type KeyValue } from './key-value.ts';
import { rangeOf, rowsBelow, searchLeaf, type LeafRow } from './leaf-search.ts';
import { stateLimits } from './limits.ts';
import { heightKey, readHeights, type BucketRange, type StateHeights } from './meta.ts';
import { branchKey, slotKeyOf } from './keys.ts';
import { padSlot } from './slot-value.ts';
import { readTops } from './read-top.ts';
import type { StateReader } from './state-reader.ts';

/** Reads a partition's store from anywhere: another thread, another process, while its owner commits. */
export class PartitionReader {
  readonly kv: KeyValue;
  readonly journals: JournalReader;
  readonly overlays: Record<JournalSection, HeadOverlay>;
  readonly buckets: BucketRange;
  #heights: StateHeights | undefined;

  constructor(
    kv: KeyValue,
    {
      buckets = { first: 0, end: 256 },
      journalBytesCachedMax = stateLimits.journalBytesCachedMax,
    }: { buckets?: BucketRange; journalBytesCachedMax?: number } = {},
  ) {
    this.kv = kv;
    this.buckets = buckets;
    this.journals = new JournalReader(kv, journalBytesCachedMax);
    const overlay = (section: JournalSection) => new HeadOverlay(kv, section);
    this.overlays = { accounts: overlay('accounts'), slots: overlay('slots'), branches: overlay('branches') };
    this.refresh();
  }

  /** Later reads, also those of states that were opened before, see every commit made before now. */
  refresh(): void {
    this.kv.refresh();
    this.#heights = readHeights(this.kv);
  }

  /** As of the last `refresh`. @throws ChainError `NOT_FOUND` when nothing was ever committed */
  heights(): StateHeights {
    if (this.#heights === undefined) {
      throw new ChainError({ code: 'NOT_FOUND', message: 'the state store is empty' });
    }
    return this.#heights;
  }

  /** @throws ChainError `NOT_FOUND` for a height that is not kept any more, or not there yet */
  at(height: Height): StateAt {
    return new StateAt(this, height);
  }

  /** As it was given to the commit of the height. */
  accessList(height: Height): Uint8Array | undefined {
    return this.kv.get(stateTables.accessLists, heightKey(height))?.slice();
  }
}

/**
 * The state after one height. What changed since is taken back by the journal: the first change above the height has
 * the value of before; where there is none, it is what the head has.
 */
export class StateAt implements StateReader, TrieSource {
  readonly height: Height;
  readonly #reader: PartitionReader;
  #merged: MergedBuckets | undefined;

  constructor(reader: PartitionReader, height: Height) {
    this.#reader = reader;
    this.height = height;
    this.#heights();
  }

  /** The partition's. */
  buckets(): BucketRange {
    return this.#reader.buckets;
  }

  account(address: Uint8Array): HostAccount | undefined | typeof notHere {
    const key = keccak256(address);
    if (!this.#owns(key)) return notHere;
    const stored = this.storedAccount(key);
    return stored && { ...stored, hasStorage: stored.storageId !== 0 };
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined | typeof notHere {
    const key = keccak256(address);
    if (!this.#owns(key)) return notHere;
    const storageId = this.storedAccount(key)?.storageId ?? 0;
    if (storageId === 0) return undefined;
    const value = this.#value('slots', slotKeyOf(storageId, keccak256(slot)));
    return value && padSlot(value);
  }

  /** @throws ChainError `DATA_LOSS` */
  code(codeHash: Uint8Array): Uint8Array {
    const code = this.findCode(codeHash);
    if (code === undefined) {
      throw new ChainError({ code: 'DATA_LOSS', message: `code ${bytesToHex(codeHash)} is missing` });
    }
    return code;
  }

  /** For whoever asks for a code that no account here need have. */
  findCode(codeHash: Uint8Array): Uint8Array | undefined {
    return this.#reader.kv.get(stateTables.codes, codeHash)?.slice();
  }

  /** By the account's key, its address's hash. */
  storedAccount(key: Uint8Array): StoredAccount | undefined {
    const record = this.#value('accounts', key);
    return record && decodeAccountRecord(record);
  }

  branch(owner: TrieOwner, position: Uint8Array): Uint8Array | undefined {
    const key = branchKey(owner, position);
    const { head } = this.#heights();
    // Changes above the height, the lowest last, down to the first that tells the whole record.
    const undo: NodeDiff[] = [];
    for (let height = this.height + 1n; height <= head; height += 1n) {
      const entry = this.#branchChange(height, key);
      if (entry === undefined) continue;
      undo.push(entry);
      if (entry.kind === 'whole') break;
    }
    const last = undo.at(-1);
    let record = last?.kind === 'whole' ? last.before : this.#branchAtHead(key);
    if (last?.kind === 'whole') undo.pop();
    for (const entry of undo.reverse()) record = followNodeDiff(entry, 'before', record);
    return record;
  }

  leaf(owner: TrieOwner, position: Uint8Array): TrieLeaf | undefined {
    return searchLeaf(...this.#search(owner, position));
  }

  /** Every account's record or slot's value below a position, by rising key. */
  rows(owner: TrieOwner, position: Uint8Array): Generator<LeafRow> {
    return rowsBelow(...this.#search(owner, position));
  }

  /** What hangs at each bucket; those of other partitions are empty. */
  tops(): TopNode[] {
    return readTops(this, this.#reader.buckets);
  }

  /** The levels above the buckets, of a partition that has all of them. */
  merged(): MergedBuckets {
    return (this.#merged ??= mergeBuckets(this.tops()));
  }

  /** Of a partition that has all buckets. */
  stateRoot(): Hash32 {
    return bytesToHex(this.merged().root) as Hash32;
  }

  #owns(key: Uint8Array): boolean {
    return key[0]! >= this.#reader.buckets.first && key[0]! < this.#reader.buckets.end;
  }

  /** @throws ChainError `NOT_FOUND` when the height has been dropped meanwhile */
  #heights(): StateHeights {
    const heights = this.#reader.heights();
    if (this.height < heights.oldest || this.height > heights.head) {
      const message = `the state of height ${this.height} is not kept: ${heights.oldest} to ${heights.head} are`;
      throw new ChainError({ code: 'NOT_FOUND', message });
    }
    return heights;
  }

  #value(section: 'accounts' | 'slots', key: Uint8Array): Uint8Array | undefined {
    const heights = this.#heights();
    for (let height = this.height + 1n; height <= heights.head; height += 1n) {
      const change = this.#valueChange(height, section, key);
      if (change !== undefined) return change.before;
    }
    const pending = this.#reader.overlays[section].get(key, heights);
    if (pending !== undefined) return pending ?? undefined;
    return this.#reader.kv.get(stateTables[section], key)?.slice();
  }

  #valueChange(height: bigint, section: 'accounts' | 'slots', key: Uint8Array): ValueChange | undefined {
    const found = this.#reader.journals.find(height, section, key);
    return found && found.row.value(found.index);
  }

  #branchChange(height: bigint, key: Uint8Array): NodeDiff | undefined {
    const found = this.#reader.journals.find(height, 'branches', key);
    return found && readNodeDiff(found.row.bytes, found.row.offset(found.index)).entry;
  }

  #branchAtHead(key: Uint8Array): Uint8Array | undefined {
    const pending = this.#reader.overlays.branches.get(key, this.#heights());
    if (pending !== undefined) return pending ?? undefined;
    return this.#reader.kv.get(stateTables.branches, key)?.slice();
  }

  #search(owner: TrieOwner, position: Uint8Array): Parameters<typeof rowsBelow> {
    const section = owner === 0 ? 'accounts' : 'slots';
    const { from, to, skip } = rangeOf(owner, position);
    const valueOf = (key: Uint8Array) =>
      owner === 0 ? this.#value('accounts', key) : this.#value('slots', slotKeyOf(owner, key));
    return [this.#reader.kv, owner, position, this.#changedKeys(section, from, to, skip), valueOf];
  }

  *#changedKeys(
    section: 'accounts' | 'slots',
    from: Uint8Array,
    to: Uint8Array | undefined,
    skip: number,
  ): Generator<Uint8Array> {
    const { head, pendingFrom } = this.#heights();
    const above = this.height + 1n;
    for (let height = pendingFrom < above ? BigInt(pendingFrom) : above; height <= head; height += 1n) {
      for (const { row, index } of this.#reader.journals.scan(height, section, from, to)) {
        yield row.value(index).key.subarray(skip);
      }
    }
  }
}
