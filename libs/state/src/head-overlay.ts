import { ChainError, isChainError, type Height } from '@sheaf/primitives';
import { followNodeDiff, readNodeDiff } from '@sheaf/trie';
import { ByteTable } from './byte-table.ts';
import { branchKey } from './keys.ts';
import { readJournalHead, readJournalRow, type JournalSection } from './journal.ts';
import { stateTables, type KeyValue } from './key-value.ts';
import type { StateHeights } from './meta.ts';

/** Beyond this it begins anew with what the tables lack now. */
const bytesMax = 64 * 2 ** 20;

/**
 * What the tables lack of one section at the head, put together from the journals of those heights: so a read needs one
 * look instead of one a height. It grows with the head, and is made when something is first asked for.
 */
export class HeadOverlay {
  readonly #kv: KeyValue;
  readonly #section: JournalSection;
  #table = new ByteTable();
  /** The heights that are in it. */
  #from: bigint | undefined;
  #to = 0n;

  constructor(kv: KeyValue, section: JournalSection) {
    this.#kv = kv;
    this.#section = section;
  }

  /** The value at the head; `null`: there is none; `undefined`: the tables have it. @throws ChainError `DATA_LOSS` */
  get(key: Uint8Array, heights: StateHeights): Uint8Array | null | undefined {
    if (this.#to !== BigInt(heights.head) || this.#from === undefined) this.#advance(heights);
    return this.#table.get(key);
  }

  #advance({ head, pendingFrom, carrying }: StateHeights): void {
    // What was carried over since does no harm here: it is what the head has all the same.
    const holds = this.#from !== undefined && pendingFrom <= this.#to + 1n && head >= this.#to;
    if (!holds || this.#table.bytes > bytesMax) {
      this.#table = new ByteTable();
      this.#from = pendingFrom;
      this.#to = pendingFrom - 1n;
    }
    for (let height = this.#to + 1n; height <= head; height += 1n) this.#add(height as Height, carrying !== undefined);
    this.#to = head;
  }

  #add(height: Height, carrying: boolean): void {
    const head = readJournalHead(this.#kv, height);
    if (head === undefined) {
      throw new ChainError({ code: 'DATA_LOSS', message: `the journal of height ${height} is missing` });
    }
    for (let number = 0; number < head[this.#section].length; number++) {
      const row = readJournalRow(this.#kv, height, this.#section, number);
      for (let i = 0; i < row.count; i++) {
        if (this.#section === 'branches') {
          addBranch(this.#kv, this.#table, readNodeDiff(row.bytes, row.offset(i)).entry, carrying);
        } else {
          const { key, after } = row.value(i);
          this.#table.set(key, after ?? null);
        }
      }
    }
  }
}

/** Stands for a branch that only a later entry of the journal can tell. */
const unknownBranch = new Uint8Array(0);

/**
 * Sets a branch as the entry leaves it. The tables may be ahead of the entry, for some keys, when they are being
 * brought up to date (`carrying`). What is set anew ends right whatever it is set upon. A branch may be missing or have
 * other children than its entry tells of, but only when a later entry tells all of it: until then it is empty bytes.
 * @throws ChainError `DATA_LOSS`
 */
export function addBranch(
  kv: KeyValue,
  table: Pick<ByteTable, 'get' | 'set'>,
  entry: ReturnType<typeof readNodeDiff>['entry'],
  carrying: boolean,
): void {
  const key = branchKey(entry.owner, entry.position);
  let before = table.get(key);
  if (before === undefined) before = kv.get(stateTables.branches, key) ?? null;
  if (before?.length === 0 && entry.kind === 'references') return;
  try {
    table.set(key, followNodeDiff(entry, 'after', before ?? undefined) ?? null);
  } catch (error) {
    if (!carrying || !isChainError(error, 'DATA_LOSS')) throw error;
    table.set(key, unknownBranch);
  }
}
