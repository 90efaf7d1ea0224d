import { ChainError, toHeight, type Height } from '@sheaf/primitives';
import { readNodeDiff, type TrieOwner } from '@sheaf/trie';
import { addBranch } from './head-overlay.ts';
import { readJournalHead, readJournalRow } from './journal.ts';
import { stateTables, type KeyValue, type Write } from './key-value.ts';
import { writeHeight, type StateHeights } from './meta.ts';
import { Pending } from './pending.ts';

/** Of `stateLimits`. */
export type CarryOverLimits = Record<
  'pendingBytesMin' | 'pendingBytesMax' | 'pendingHeightsMin' | 'pendingHeightsMax' | 'maintenanceRowsMax',
  number
>;

/** What is being carried over, and how far that is. */
interface Carrying {
  pending: Pending;
  /** What is left of it. */
  writes: Iterator<Write>;
  /** Taken and not written. */
  waiting?: Write[] | undefined;
  begun: boolean;
}

/** What the journal has and the tables have not: it is read here until it has been carried over, a slice at a time. */
export class CarryOver {
  readonly #kv: KeyValue;
  readonly #limits: CarryOverLimits;
  /** What the next heights leave. */
  #young = new Pending();
  #old: Carrying | undefined;

  constructor(kv: KeyValue, limits: CarryOverLimits) {
    this.#kv = kv;
    this.#limits = limits;
  }

  /** Where what a height leaves is put. */
  get young(): Pending {
    return this.#young;
  }

  get bytes(): number {
    return this.#young.bytes + (this.#old?.pending.bytes ?? 0);
  }

  get heights(): number {
    return this.#young.heights + (this.#old?.pending.heights ?? 0);
  }

  /** More must not be added before something has been carried over. */
  get full(): boolean {
    return this.bytes > this.#limits.pendingBytesMax || this.heights >= this.#limits.pendingHeightsMax;
  }

  /** The account's record, or the row of the table. */
  account(key: Uint8Array): Uint8Array | undefined {
    const young = this.#young.account(key);
    const pending = young === undefined ? this.#old?.pending.account(key) : young;
    if (pending !== undefined) return pending ?? undefined;
    return this.#kv.get(stateTables.accounts, key)?.slice();
  }

  /** `key`: storage id and slot key. Without leading zeros. */
  slot(key: Uint8Array): Uint8Array | undefined {
    const young = this.#young.slot(key);
    const pending = young === undefined ? this.#old?.pending.slot(key) : young;
    if (pending !== undefined) return pending ?? undefined;
    return this.#kv.get(stateTables.slots, key)?.slice();
  }

  /** The key is the first `keyBytes` of `key`. Lent, until something else is asked for. */
  branch(key: Uint8Array, keyBytes: number): Uint8Array | undefined {
    let record = this.#young.branches.get(key, keyBytes);
    if (record === undefined) record = this.#old?.pending.branches.get(key, keyBytes);
    if (record === undefined) record = this.#kv.get(stateTables.branches, key.subarray(0, keyBytes));
    return record ?? undefined;
  }

  /** As `Pending.created`. */
  *created(owner: TrieOwner, position: Uint8Array): Generator<Uint8Array> {
    yield* this.#young.created(owner, position);
    if (this.#old !== undefined) yield* this.#old.pending.created(owner, position);
  }

  /** One slice. With `idle` even little is carried over. `false`: there is nothing to carry. @throws ChainError `UNAVAILABLE` */
  step(idle: boolean): boolean {
    if (this.#old !== undefined) {
      this.#carry(this.#old);
      return true;
    }
    const { bytes, heights } = this.#young;
    const { pendingBytesMin, pendingHeightsMin } = this.#limits;
    if (heights === 0 || !(idle || bytes >= pendingBytesMin || heights >= pendingHeightsMin)) return false;
    const pending = this.#young;
    this.#old = { pending, writes: pending.writes(), begun: false };
    this.#young = new Pending();
    return true;
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

  /**
   * After a start: brings back what the journal has and the tables have not.
   * @throws ChainError `DATA_LOSS` when a height's journal is missing, or a branch of it cannot be told
   */
  recover({ pendingFrom, head, carrying }: StateHeights): void {
    for (let height = pendingFrom; height <= head; height = toHeight(height + 1n)) {
      this.#replay(height, carrying !== undefined);
    }
    for (const { value } of this.#young.branches.entries()) if (value?.length === 0) throw branchesAreNotOf(head);
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
    this.ended(height);
  }

  /** All that the height leaves is in `young`. */
  ended(height: Height): void {
    this.#young.height = height;
    this.#young.heights += 1;
  }
}

export function branchesAreNotOf(height: Height): ChainError {
  const message = `the branches of the state store are not those of height ${height}: restore it from a snapshot`;
  return new ChainError({ code: 'DATA_LOSS', message });
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
