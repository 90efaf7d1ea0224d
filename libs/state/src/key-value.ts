/**
 * Where a partition keeps what must last: tables of byte strings in the order of their keys. Synchronous. Keys are 1 to
 * 511 bytes. What it gives is what was written, or it throws ChainError `DATA_LOSS`: it does not hand on damaged bytes.
 */
export interface KeyValue {
  /** The value, valid until the next call; `undefined`: the key is not there. */
  get(table: string, key: Uint8Array): Uint8Array | undefined;
  /** Entries with `from <= key < to` (no end without `to`), by rising key, at most `limit`. Copies. */
  range(table: string, from: Uint8Array, to: Uint8Array | undefined, limit: number): Entry[];
  /**
   * All of it is durable when this returns, or it throws and nothing has changed. Later reads of this handle see it.
   * @throws ChainError `UNAVAILABLE` when the disk refuses
   */
  write(changes: readonly Write[]): void;
  /** Later reads of this handle see what any handle has written before now; until then they see one moment. */
  refresh(): void;
}

export interface Entry {
  key: Uint8Array;
  value: Uint8Array;
}

/** `value` undefined: afterwards the key is not there. */
export interface Write {
  table: string;
  key: Uint8Array;
  value: Uint8Array | undefined;
}

/** The tables of a partition; whoever opens the database may have more in it. */
export const stateTables = {
  /** Account key (32 bytes) to its record. */
  accounts: 'accounts',
  /** Storage id (6 bytes), slot key (32 bytes) to the value without leading zeros. */
  slots: 'slots',
  /** Code by its keccak256. */
  codes: 'codes',
  /** Owner (6 bytes), position (a nibble a byte) to the branch's record. */
  branches: 'branches',
  /** What each height changed, before and after. */
  journal: 'journal',
  /** Height (8 bytes) to the block's access list. */
  accessLists: 'access-lists',
  /** Height (8 bytes), storage id (6 bytes): storages that nothing refers to since that height. */
  retired: 'retired',
  meta: 'state-meta',
} as const;
