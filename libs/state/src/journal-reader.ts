import { ChainError, compareBytes } from '@sheaf/primitives';
import type { JournalRow } from './journal.ts';
import { readJournalHead, readJournalRow, type JournalSection, type JournalHead } from './journal.ts';
import type { KeyValue } from './key-value.ts';

/** Heads that are kept: a few hundred bytes each, for full blocks a few thousand. */
const headsMax = 512;

/** An entry where it stands. */
export interface Found {
  row: JournalRow;
  index: number;
}

/** Looks things up in the journals of single heights, and keeps what it read: a journal never changes. */
export class JournalReader {
  readonly #kv: KeyValue;
  readonly #bytesMax: number;
  readonly #heads = new Map<bigint, JournalHead>();
  readonly #rows = new Map<string, JournalRow>();
  #bytes = 0;

  constructor(kv: KeyValue, bytesMax: number) {
    this.#kv = kv;
    this.#bytesMax = bytesMax;
  }

  /** The entry of the key, if that height changed it. @throws ChainError `DATA_LOSS` */
  find(height: bigint, section: JournalSection, key: Uint8Array): Found | undefined {
    const number = this.#rowOf(height, section, key);
    if (number < 0) return undefined;
    const row = this.#row(height, section, number);
    const index = row.lowerBound(key);
    return index < row.count && row.compare(index, key) === 0 ? { row, index } : undefined;
  }

  /** Every entry whose key is at least `from` and below `to`, by rising key. */
  *scan(height: bigint, section: JournalSection, from: Uint8Array, to: Uint8Array | undefined): Generator<Found> {
    const rows = this.#head(height)[section].length;
    for (let number = Math.max(0, this.#rowOf(height, section, from)); number < rows; number++) {
      const row = this.#row(height, section, number);
      for (let index = row.lowerBound(from); index < row.count; index++) {
        if (to !== undefined && row.compare(index, to) >= 0) return;
        yield { row, index };
      }
    }
  }

  /** The row that would have the key; -1 when it is below every one. */
  #rowOf(height: bigint, section: JournalSection, key: Uint8Array): number {
    const firstKeys = this.#head(height)[section];
    let low = 0;
    let high = firstKeys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareBytes(firstKeys[middle]!, key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #head(height: bigint): JournalHead {
    let head = this.#heads.get(height);
    if (head !== undefined) return head;
    head = readJournalHead(this.#kv, height);
    // Only heights that are kept are asked for, and each of them has one, however little it changed.
    if (head === undefined) {
      throw new ChainError({ code: 'DATA_LOSS', message: `the journal of height ${height} is missing` });
    }
    this.#heads.set(height, head);
    if (this.#heads.size > headsMax) this.#heads.delete(this.#heads.keys().next().value!);
    return head;
  }

  #row(height: bigint, section: JournalSection, number: number): JournalRow {
    const name = `${height}/${section}/${number}`;
    let row = this.#rows.get(name);
    if (row !== undefined) return row;
    row = readJournalRow(this.#kv, height, section, number);
    this.#rows.set(name, row);
    this.#bytes += row.bytes.length;
    for (const [oldest, { bytes }] of this.#rows) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#rows.delete(oldest);
      this.#bytes -= bytes.length;
    }
    return row;
  }
}
