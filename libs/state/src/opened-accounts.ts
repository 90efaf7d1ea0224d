// Accounts whose changes are being worked out, before and after they are hashed.
import { equalBytes } from '@sheaf/primitives';
import type { LeafChange, TrieBatch } from '@sheaf/trie';
import { writeAccountRecord } from './account-record.ts';
import type { AccountChange } from './block-changes.ts';
import { ValueRows, type NewRow } from './journal.ts';
import { slotKeyBytes, writeSlotKey } from './keys.ts';

/** What changes in one storage. */
export interface StorageChange {
  update: Opened;
  batch: TrieBatch;
  slots: SlotChange[];
}

/** A slot that a block changes. Values without leading zeros; `undefined`: zero. */
export interface SlotChange {
  slot: Uint8Array;
  hash: Uint8Array;
  before: Uint8Array | undefined;
  after: Uint8Array | undefined;
}

/** An account whose change is being worked out: as it will be, but for what `change` says. */
export interface Opened {
  change: AccountChange;
  address: Uint8Array;
  key: Uint8Array;
  /** As it is. */
  record: Uint8Array | undefined;
  storageId: number;
  storageRoot: Uint8Array;
}

/** As it will be, into `record`; how many bytes it has, 0 when it is gone. */
export function writeRecordAfter(record: Uint8Array, { change, storageId, storageRoot }: Opened): number {
  if (change.account === undefined) return 0;
  const { nonce, balance, codeHash } = change.account;
  return writeAccountRecord(record, { nonce, balance, codeHash, storageId, storageRoot });
}

/** Whether the bytes begin with `start`. */
export function startsWith(bytes: Uint8Array, start: Uint8Array = new Uint8Array(0)): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

/** As rows of the journal; and for each entry of them its key with the slot's own bytes: 38. */
export function slotRows(storages: readonly StorageChange[]): { slots: NewRow[]; slotNames: Uint8Array } {
  const rows = new ValueRows('slots');
  const slotNames = new Uint8Array(slotKeyBytes * storages.reduce((sum, { slots }) => sum + slots.length, 0));
  const key = new Uint8Array(slotKeyBytes);
  for (const { batch, slots } of storages) {
    for (const { slot, hash, before, after } of slots) {
      writeSlotKey(slotNames, batch.owner, slot, slotKeyBytes * rows.count);
      rows.add(writeSlotKey(key, batch.owner, hash), before, after);
    }
  }
  return { slots: rows.finish(), slotNames };
}

/** Of an account that is gone afterwards there are none. */
export function slotsLeft({ account, slots }: AccountChange): Uint8Array[] {
  return account === undefined ? [] : slots.map(({ slot }) => slot);
}

/** `leaves`: by rising key. */
export function batchByBucket(leaves: readonly LeafChange[]): TrieBatch[] {
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

/** `undefined` is the same as itself alone. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
