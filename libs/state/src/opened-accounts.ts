// Accounts whose changes are being worked out, before and after they are hashed.
import { compareBytes, equalBytes, hexToBytes } from '@sheaf/primitives';
import type { LeafChange, TrieBatch } from '@sheaf/trie';
import { writeAccountRecord } from './account-record.ts';
import type { AccountChange } from './block-changes.ts';
import { sortedOrder } from './byte-table.ts';
import { ValueRows, type NewRow, type ValueChange } from './journal.ts';

/** What changes in one storage. */
export interface StorageChange {
  update: Opened;
  batch: TrieBatch;
  slots: SlotChange[];
}

/** A slot that a block leaves something in, and its hash. */
export interface WrittenSlot {
  slot: Uint8Array;
  value: Uint8Array;
  hash: Uint8Array;
}

export interface SlotChange extends ValueChange {
  /** As `key`, with the slot's own bytes. */
  name: Uint8Array;
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

/** By rising key. A comparison of bytes takes longer than all else that is done with an account before it is hashed. */
export function sortByKey(updates: readonly Opened[]): Opened[] {
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

/** As rows of the journal; and for each entry of them its key with the slot's own bytes: 38. */
export function slotRows(storages: readonly StorageChange[]): { slots: NewRow[]; slotNames: Uint8Array } {
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

/** Of an account that is gone afterwards there are none. */
export function writtenSlots({ account, slots }: AccountChange): Omit<WrittenSlot, 'hash'>[] {
  if (account === undefined) return [];
  return slots.map(({ slot, value }) => ({ slot: hexToBytes(slot), value }));
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
