// The journal: what each height changed, before and after. It is what makes a block durable (one write, in order, while
// the tables are brought up to date later, many blocks at once) and what leads back to earlier heights.
//
// A height is a header row and, for each section, rows of sorted entries:
//
//   key     height (8 bytes), section (1), number of the row (2)
//   header  u8 version, then for each section: u16 rows, for each row: u8 bytes of its first key, that key
//   row     entries, then their offsets (u32 each), then their number (u32)
//
// Sections and their entries:
//
//   accounts  account key (32); u8 + record before; u8 + record afterwards (0: there is none)
//   slots     storage id (6), slot key (32); u8 + value before; u8 + value afterwards, without leading zeros
//   branches  as `node-diff.ts` of libs/trie; their key is owner (6) and position
import { ChainError, type Height } from '@sheaf/primitives';
import { stateTables, type KeyValue, type Write } from './key-value.ts';
import { LentBytes } from './lent-bytes.ts';
import { journalChunkBytes } from './limits.ts';

export type JournalSection = 'accounts' | 'slots' | 'branches';

const sections: readonly JournalSection[] = ['accounts', 'slots', 'branches'];
const version = 1;

const lentKeys = new LentBytes();
const lentBefore = new LentBytes();
const lentAfter = new LentBytes();

/** An account's or a slot's change. */
export interface ValueChange {
  key: Uint8Array;
  before: Uint8Array | undefined;
  after: Uint8Array | undefined;
}

/** A row to be written. */
export interface NewRow {
  firstKey: Uint8Array;
  bytes: Uint8Array;
}

export interface JournalInput {
  height: Height;
  /** As `ValueRows` makes them. */
  accounts: readonly NewRow[];
  slots: readonly NewRow[];
  /** Diffs whose entries, one diff after the other, are in order. */
  branches: readonly Uint8Array[];
}

/**
 * Rows of accounts or slots in the making. Flat from the start: ten thousand changes as objects are copied by every
 * collection of V8's young generation until their block is committed.
 */
export class ValueRows {
  readonly #rows: NewRow[] = [];
  /** Room for the largest entry beyond a full row. */
  readonly #bytes = new Uint8Array(journalChunkBytes + 512);
  readonly #offsets: number[] = [];
  readonly #keyBytes: number;
  #end = 0;
  count = 0;

  constructor(section: 'accounts' | 'slots') {
    this.#keyBytes = keyBytesOf(section);
  }

  /** Keys come by rising order. */
  add(
    key: Uint8Array,
    before: Uint8Array | undefined,
    after: Uint8Array | undefined,
    afterBytes = after?.length ?? 0,
  ): void {
    this.#offsets.push(this.#end);
    const bytes = this.#bytes;
    for (let i = 0, at = this.#end; i < key.length; i++) bytes[at + i] = key[i]!;
    this.#end += key.length;
    this.#put(before, before?.length ?? 0);
    this.#put(after, afterBytes);
    this.count += 1;
    if (this.#end >= journalChunkBytes) this.#cut();
  }

  finish(): NewRow[] {
    this.#cut();
    return this.#rows;
  }

  #put(value: Uint8Array | undefined, count: number): void {
    const bytes = this.#bytes;
    let at = this.#end;
    bytes[at++] = count;
    if (value !== undefined) for (let i = 0; i < count; i++) bytes[at + i] = value[i]!;
    this.#end = at + count;
  }

  #cut(): void {
    if (this.#offsets.length === 0) return;
    const bytes = withOffsets(this.#bytes.subarray(0, this.#end), this.#offsets);
    this.#rows.push({ firstKey: bytes.subarray(0, this.#keyBytes), bytes });
    this.#offsets.length = 0;
    this.#end = 0;
  }
}

/** The rows of one height, and how many bytes they are. */
export function writeJournal(input: JournalInput): { writes: Write[]; bytes: number } {
  const { height } = input;
  const rows: Record<JournalSection, readonly NewRow[]> = {
    accounts: input.accounts,
    slots: input.slots,
    branches: input.branches.flatMap(cutDiff),
  };
  const writes: Write[] = [{ table: stateTables.journal, key: rowKey(height, 0, 0), value: encodeHead(rows) }];
  for (const [index, section] of sections.entries()) {
    for (const [number, { bytes }] of rows[section].entries()) {
      writes.push({ table: stateTables.journal, key: rowKey(height, index + 1, number), value: bytes });
    }
  }
  return { writes, bytes: writes.reduce((sum, { value }) => sum + value!.length, 0) };
}

/** The keys of all rows of one height. */
export function journalKeys(kv: KeyValue, height: bigint): Uint8Array[] {
  const head = readJournalHead(kv, height);
  if (head === undefined) return [];
  const keys = [rowKey(height, 0, 0)];
  for (const [index, section] of sections.entries()) {
    for (let number = 0; number < head[section].length; number++) keys.push(rowKey(height, index + 1, number));
  }
  return keys;
}

/** A header row, read: the first key of each row. */
export type JournalHead = Record<JournalSection, Uint8Array[]>;

/** @throws ChainError `DATA_LOSS` */
export function readJournalHead(kv: KeyValue, height: bigint): JournalHead | undefined {
  const bytes = kv.get(stateTables.journal, rowKey(height, 0, 0))?.slice();
  if (bytes === undefined) return undefined;
  if (bytes[0] !== version) throw damaged(height, 'is of another version');
  const head: JournalHead = { accounts: [], slots: [], branches: [] };
  let at = 1;
  for (const section of sections) {
    const count = (bytes[at]! << 8) | bytes[at + 1]!;
    at += 2;
    for (let i = 0; i < count; i++) {
      const length = bytes[at]!;
      head[section].push(bytes.subarray(at + 1, at + 1 + length));
      at += 1 + length;
    }
  }
  if (at !== bytes.length) throw damaged(height, 'has a damaged header');
  return head;
}

/** A row, read: entries by binary search. */
export class JournalRow {
  readonly bytes: Uint8Array;
  readonly #section: JournalSection;
  readonly #view: DataView;
  readonly count: number;

  constructor(section: JournalSection, bytes: Uint8Array) {
    this.bytes = bytes;
    this.#section = section;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.count = this.#view.getUint32(bytes.length - 4);
  }

  /** Where the entry begins. */
  offset(index: number): number {
    return this.#view.getUint32(this.bytes.length - 4 - 4 * (this.count - index));
  }

  /** The first entry whose key is not below `key`; `count` when there is none. */
  lowerBound(key: Uint8Array): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(middle, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Negative when the entry's key is below `key`. */
  compare(index: number, key: Uint8Array): number {
    const at = this.offset(index);
    if (this.#section !== 'branches') return compareRange(this.bytes, at, keyBytesOf(this.#section), key, 0);
    const owner = compareRange(this.bytes, at, 6, key, 0, 6);
    return owner !== 0 ? owner : compareRange(this.bytes, at + 7, this.bytes[at + 6]!, key, 6);
  }

  /** An account's or a slot's entry; its arrays are views. */
  value(index: number): ValueChange {
    const { bytes } = this;
    const at = this.offset(index);
    const keyEnd = at + (this.#section === 'slots' ? 38 : 32);
    const beforeEnd = keyEnd + 1 + bytes[keyEnd]!;
    const afterEnd = beforeEnd + 1 + bytes[beforeEnd]!;
    return {
      key: bytes.subarray(at, keyEnd),
      before: beforeEnd === keyEnd + 1 ? undefined : bytes.subarray(keyEnd + 1, beforeEnd),
      after: afterEnd === beforeEnd + 1 ? undefined : bytes.subarray(beforeEnd + 1, afterEnd),
    };
  }
}

/**
 * The changes of rows, one after the other. Their bytes are lent: at the next change they are another one's. With a view of
 * each, taking over a block of 5,000 transfers was an eighth of all that V8 had to collect of it (12 of 95 MB).
 */
export function eachChange(
  section: 'accounts' | 'slots',
  rows: readonly NewRow[],
  take: (change: ValueChange, index: number) => void,
): void {
  const keyBytes = keyBytesOf(section);
  let index = 0;
  for (const { bytes } of rows) {
    const row = new JournalRow(section, bytes);
    for (let i = 0; i < row.count; i++, index++) {
      const at = row.offset(i);
      const keyEnd = at + keyBytes;
      const beforeEnd = keyEnd + 1 + bytes[keyEnd]!;
      const afterEnd = beforeEnd + 1 + bytes[beforeEnd]!;
      const key = lentKeys.copy(bytes, at, keyEnd);
      const before = beforeEnd === keyEnd + 1 ? undefined : lentBefore.copy(bytes, keyEnd + 1, beforeEnd);
      const after = afterEnd === beforeEnd + 1 ? undefined : lentAfter.copy(bytes, beforeEnd + 1, afterEnd);
      take({ key, before, after }, index);
    }
  }
}

/** @throws ChainError `DATA_LOSS` when the header says there is one */
export function readJournalRow(kv: KeyValue, height: bigint, section: JournalSection, number: number): JournalRow {
  const bytes = kv.get(stateTables.journal, rowKey(height, sections.indexOf(section) + 1, number))?.slice();
  if (bytes === undefined || bytes.length < 8) throw damaged(height, `lacks row ${number} of its ${section}`);
  return new JournalRow(section, bytes);
}

function rowKey(height: bigint, section: number, number: number): Uint8Array {
  const key = new Uint8Array(11);
  const view = new DataView(key.buffer);
  view.setBigUint64(0, height);
  key[8] = section;
  view.setUint16(9, number);
  return key;
}

function encodeHead(rows: Record<JournalSection, readonly NewRow[]>): Uint8Array {
  let bytes = 1;
  for (const section of sections) bytes += rows[section].reduce((sum, { firstKey }) => sum + 1 + firstKey.length, 2);
  const head = new Uint8Array(bytes);
  head[0] = version;
  let at = 1;
  for (const section of sections) {
    head[at] = rows[section].length >> 8;
    head[at + 1] = rows[section].length;
    at += 2;
    for (const { firstKey } of rows[section]) {
      head[at] = firstKey.length;
      head.set(firstKey, at + 1);
      at += 1 + firstKey.length;
    }
  }
  return head;
}

function cutDiff(diff: Uint8Array): NewRow[] {
  const rows: NewRow[] = [];
  for (let start = 0; start < diff.length;) {
    const offsets: number[] = [];
    let end = start;
    while (end < diff.length && end - start < journalChunkBytes) {
      offsets.push(end - start);
      end = diffEntryEnd(diff, end);
    }
    const firstKey = new Uint8Array(6 + diff[start + 6]!);
    firstKey.set(diff.subarray(start, start + 6));
    firstKey.set(diff.subarray(start + 7, start + 1 + firstKey.length), 6);
    rows.push({ firstKey, bytes: withOffsets(diff.subarray(start, end), offsets) });
    start = end;
  }
  return rows;
}

/** Entries, then their offsets, then their number. */
function withOffsets(entries: Uint8Array, offsets: readonly number[]): Uint8Array {
  const row = new Uint8Array(entries.length + 4 * offsets.length + 4);
  row.set(entries);
  const view = new DataView(row.buffer, entries.length);
  offsets.forEach((offset, i) => view.setUint32(4 * i, offset));
  view.setUint32(4 * offsets.length, offsets.length);
  return row;
}

function keyBytesOf(section: 'accounts' | 'slots'): number {
  return section === 'slots' ? 38 : 32;
}

/** As `readNodeDiff`, which makes objects of what it reads: a full block has 20,000 entries. */
function diffEntryEnd(diff: Uint8Array, at: number): number {
  const kind = at + 7 + diff[at + 6]!;
  if (diff[kind] === 0) {
    let bytes = 0;
    for (let mask = (diff[kind + 1]! << 8) | diff[kind + 2]!; mask !== 0; mask &= mask - 1) bytes += 64;
    return kind + 3 + bytes;
  }
  const after = kind + 3 + ((diff[kind + 1]! << 8) | diff[kind + 2]!);
  return after + 2 + ((diff[after]! << 8) | diff[after + 1]!);
}

function compareRange(a: Uint8Array, at: number, count: number, b: Uint8Array, from: number, to = b.length): number {
  const shared = Math.min(count, to - from);
  for (let i = 0; i < shared; i++) {
    const difference = a[at + i]! - b[from + i]!;
    if (difference !== 0) return difference;
  }
  return count - (to - from);
}

function damaged(height: bigint, what: string): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message: `the journal of height ${height} ${what}` });
}
