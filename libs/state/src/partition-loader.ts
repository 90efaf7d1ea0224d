import { assert, ChainError, equalBytes, type Height } from '@sheaf/primitives';
import { createTrieEngine, type TopNode, type TrieBatch, type TrieOwner, type TrieSource } from '@sheaf/trie';
import { emptyRootBytes, encodeAccountRecord, leafOfAccountRecord, type StoredAccount } from './account-record.ts';
import { digestOf } from './digest.ts';
import { branchKey, slotKeyOf } from './keys.ts';
import { stateTables, type KeyValue, type Write } from './key-value.ts';
import {
  claimStore,
  finishLoading,
  readHeights,
  readNextStorageId,
  writeNextStorageId,
  type BucketRange,
} from './meta.ts';
import { searchLeaf } from './leaf-search.ts';
import { readTops } from './read-top.ts';
import { leafOfSlot } from './slot-value.ts';

/** An account with its key, its address's hash; the root of a storage whose slots come later. */
export type LoadedAccount = Pick<StoredAccount, 'nonce' | 'balance' | 'codeHash'> & {
  key: Uint8Array;
  storageRoot?: Uint8Array;
};

export interface LoadedSlot {
  /** The slot's hash. */
  key: Uint8Array;
  /** Without leading zeros, never empty. */
  value: Uint8Array;
}

/** Rows of one write. */
const rowsMax = 50_000;
const nothing: TrieSource = { branch: () => undefined, leaf: () => undefined };

/**
 * Fills an empty store with a state as it is, past the journal: from a snapshot, or for a measurement. Nobody can open
 * the store until `finish`; what was loaded lasts, so that loading goes on after a crash.
 *
 * A part is prepared first, which says what it hangs at, and stored when that is right.
 */
export class PartitionLoader {
  readonly #kv: KeyValue;
  readonly #buckets: BucketRange;
  readonly #engine = createTrieEngine();
  #nextStorageId = 1;

  /** @throws ChainError `CONFLICT` when the store has a state already, or is another partition's */
  constructor(kv: KeyValue, { buckets = { first: 0, end: 256 } }: { buckets?: BucketRange } = {}) {
    this.#kv = kv;
    this.#buckets = buckets;
    if (readHeights(kv) !== undefined) {
      throw new ChainError({ code: 'CONFLICT', message: 'the state store has a state already' });
    }
    claimStore(kv, buckets, { loading: true });
    this.#nextStorageId = readNextStorageId(kv) ?? 1;
  }

  /** All accounts below a position, by rising key. */
  accounts(position: Uint8Array, accounts: readonly LoadedAccount[]): LoadedPart {
    const storageIds = new Map<Uint8Array, number>();
    const writes: Write[] = [];
    const records = accounts.map(({ key, storageRoot = emptyRootBytes, ...account }) => {
      const storageId = equalBytes(storageRoot, emptyRootBytes) ? 0 : this.#nextStorageId + storageIds.size;
      if (storageId !== 0) storageIds.set(key, storageId);
      const record = encodeAccountRecord({ ...account, storageId, storageRoot });
      writes.push({ table: stateTables.accounts, key, value: record });
      return { key, value: leafOfAccountRecord(record), existed: false };
    });
    return this.#part({ owner: 0, position, changes: records }, writes, storageIds);
  }

  /** All slots of a loaded account's storage below a position, by rising key. */
  slots(storageId: number, position: Uint8Array, slots: readonly LoadedSlot[]): LoadedPart {
    const writes = slots.map(({ key, value }) => ({
      table: stateTables.slots,
      key: slotKeyOf(storageId, key),
      value,
    }));
    const changes = slots.map(({ key, value }) => ({ key, value: leafOfSlot(value), existed: false }));
    return this.#part({ owner: storageId, position, changes }, writes, new Map());
  }

  /** What hangs at a position above parts that come by themselves. */
  branch(owner: TrieOwner, position: Uint8Array, record: Uint8Array, also: readonly Write[] = []): void {
    this.#kv.write([{ table: stateTables.branches, key: branchKey(owner, position), value: record }, ...also]);
  }

  /**
   * Afterwards the store can be opened, with this as its only height, and has the rows that go with it; unless `check` throws at
   * what it has.
   */
  finish(
    height: Height,
    check: (tops: readonly TopNode[]) => void = () => undefined,
    also: readonly Write[] = [],
  ): void {
    const tops = readTops(tableSource(this.#kv), this.#buckets);
    check(tops);
    const digest = digestOf(tops);
    finishLoading(this.#kv, { head: height, digest, nextStorageId: this.#nextStorageId }, also);
  }

  #part(batch: TrieBatch, rows: Write[], storageIds: ReadonlyMap<Uint8Array, number>): LoadedPart {
    const { tops, nodes } = this.#engine.commit([batch], nothing);
    const firstId = this.#nextStorageId;
    for (const { owner, position, after } of nodes) {
      rows.push({ table: stateTables.branches, key: branchKey(owner, position), value: after });
    }
    return {
      top: tops[0]!,
      storageIds,
      store: (also = []) => {
        const free = storageIds.size === 0 || this.#nextStorageId === firstId;
        assert(free, 'parts with storages are stored in the order in which they were prepared, one by one');
        for (let start = 0; start + rowsMax < rows.length; start += rowsMax) {
          this.#kv.write(rows.slice(start, start + rowsMax));
        }
        const rest = rows.slice(Math.floor(Math.max(0, rows.length - 1) / rowsMax) * rowsMax);
        const id = this.#nextStorageId + storageIds.size;
        this.#kv.write([...rest, writeNextStorageId(id), ...also]);
        this.#nextStorageId = id;
      },
    };
  }
}

/** The tables as they are, with nothing pending. */
function tableSource(kv: KeyValue): TrieSource {
  return {
    branch: (owner, position) => kv.get(stateTables.branches, branchKey(owner, position)),
    leaf: (owner, position) =>
      searchLeaf(kv, owner, position, [], (key) =>
        owner === 0
          ? kv.get(stateTables.accounts, key)?.slice()
          : kv.get(stateTables.slots, slotKeyOf(owner, key))?.slice(),
      ),
  };
}

/** A part that is hashed and not stored. */
export interface LoadedPart {
  top: TopNode;
  /** Of the accounts that have storage, by their keys as they were given. */
  storageIds: ReadonlyMap<Uint8Array, number>;
  /** Afterwards it and the rows that go with it last. A crash before that leaves rows that are written again. */
  store(also?: readonly Write[]): void;
}
