import { compareBytes } from '@sheaf/primitives';
import type { TrieLeaf, TrieOwner } from '@sheaf/trie';
import { leafOfAccountRecord, writeStorageId } from './account-record.ts';
import { stateTables, type KeyValue } from './key-value.ts';
import { leafOfSlot } from './slot-value.ts';

/** A row below a position as it really is: an account's record, a slot's value; the key without the storage's id. */
export interface LeafRow {
  key: Uint8Array;
  value: Uint8Array;
}

/** Rows read at first, where one is wanted, and at most. */
const pageRows = { first: 2, max: 512 };

/**
 * The rows below a position by rising key, where the tables are not the whole truth: `others` are keys that they may
 * lack, in any order, and `valueOf` says what a key really has (in both, a slot's key is without the storage's id).
 */
export function* rowsBelow(
  kv: KeyValue,
  owner: TrieOwner,
  position: Uint8Array,
  others: Iterable<Uint8Array>,
  valueOf: (key: Uint8Array) => Uint8Array | undefined,
): Generator<LeafRow> {
  const waiting = [...others].map((key) => key.slice()).sort(compareBytes);
  let next = 0;
  const row = (key: Uint8Array): LeafRow | undefined => {
    const value = valueOf(key);
    return value && { key, value };
  };
  for (const key of tableKeys(kv, owner, position)) {
    for (let order; next < waiting.length && (order = compareBytes(waiting[next]!, key)) <= 0; next++) {
      const found = order < 0 && !repeats(waiting, next) ? row(waiting[next]!) : undefined;
      if (found !== undefined) yield found;
    }
    const found = row(key);
    if (found !== undefined) yield found;
  }
  for (; next < waiting.length; next++) {
    const found = repeats(waiting, next) ? undefined : row(waiting[next]!);
    if (found !== undefined) yield found;
  }
}

/** The first of `rowsBelow` as the trie has it. */
export function searchLeaf(...search: Parameters<typeof rowsBelow>): TrieLeaf | undefined {
  const owner = search[1];
  for (const { key, value } of rowsBelow(...search)) {
    return { key, value: owner === 0 ? leafOfAccountRecord(value) : leafOfSlot(value) };
  }
  return undefined;
}

/** The rows of a table that are below a position; the first `skip` bytes of their keys are the storage's id. */
export function rangeOf(
  owner: TrieOwner,
  position: Uint8Array,
): { table: string; from: Uint8Array; to: Uint8Array | undefined; skip: number } {
  const skip = owner === 0 ? 0 : 6;
  const from = new Uint8Array(skip + ((position.length + 1) >> 1));
  if (owner !== 0) writeStorageId(from, 0, owner);
  position.forEach((nibble, i) => (from[skip + (i >> 1)]! |= i % 2 === 0 ? nibble << 4 : nibble));
  const to = from.slice();
  // The last nibble of the position rises by one, with carries.
  let at = to.length - 1;
  let step = position.length % 2 === 1 ? 16 : 1;
  while (at >= 0 && to[at]! + step > 255) {
    to[at] = 0;
    at -= 1;
    step = 1;
  }
  if (at >= 0) to[at]! += step;
  const table = owner === 0 ? stateTables.accounts : stateTables.slots;
  // LMDB knows no empty key; of one byte zero nothing is below that has 32.
  return { table, from: from.length === 0 ? Uint8Array.of(0) : from, to: at >= 0 ? to : undefined, skip };
}

function* tableKeys(kv: KeyValue, owner: TrieOwner, position: Uint8Array): Generator<Uint8Array> {
  const { table, from, to, skip } = rangeOf(owner, position);
  let start = from;
  for (let rows = pageRows.first; ; rows = pageRows.max) {
    const page = kv.range(table, start, to, rows);
    for (const { key } of page) yield key.subarray(skip);
    if (page.length < rows) return;
    start = after(page.at(-1)!.key);
  }
}

/** Whether the key stands at the next place too: then it is looked at there. */
function repeats(sorted: readonly Uint8Array[], index: number): boolean {
  return index + 1 < sorted.length && compareBytes(sorted[index]!, sorted[index + 1]!) === 0;
}

function after(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}
