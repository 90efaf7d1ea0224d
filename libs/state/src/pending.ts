import type { Height } from '@sheaf/primitives';
import type { TrieOwner } from '@sheaf/trie';
import { readStorageId } from './account-record.ts';
import { ByteTable } from './byte-table.ts';
import type { ValueChange } from './journal.ts';
import { stateTables, type Write } from './key-value.ts';

/** Rough bytes of a key that came into being, in memory. */
const createdBytes = 150;

/** The changes of some heights that the journal has and the tables have not: the last value of each key, `null`: gone. */
export class Pending {
  /** By account key; by storage id and slot key; by owner and position: as the tables have them. */
  readonly #accounts = new ByteTable();
  readonly #slots = new ByteTable();
  readonly branches = new ByteTable();
  /** Keys that came into being, by owner and the first two bytes: what a table cannot find under a prefix. */
  readonly #created = new Map<TrieOwner, Map<number, Uint8Array[]>>();
  #createdCount = 0;
  /** The last of the heights. */
  height: Height | undefined;
  heights = 0;

  get bytes(): number {
    return this.#accounts.bytes + this.#slots.bytes + this.branches.bytes + createdBytes * this.#createdCount;
  }

  account(key: Uint8Array): Uint8Array | null | undefined {
    return this.#accounts.get(key);
  }

  slot(key: Uint8Array): Uint8Array | null | undefined {
    return this.#slots.get(key);
  }

  setAccount({ key, before, after }: ValueChange): void {
    this.#accounts.set(key, after ?? null);
    if (before === undefined) this.#note(0, key);
  }

  setSlot({ key, before, after }: ValueChange): void {
    this.#slots.set(key, after ?? null);
    if (before === undefined) this.#note(readStorageId(key, 0), key.subarray(6));
  }

  /** Keys of an owner that came into being and begin with the nibbles, some of them twice; they may be gone again. */
  *created(owner: TrieOwner, position: Uint8Array): Generator<Uint8Array> {
    const groups = this.#created.get(owner);
    if (groups === undefined) return;
    let first = 0;
    for (let i = 0; i < 4; i++) first = first * 16 + (position[i] ?? 0);
    const count = 16 ** Math.max(0, 4 - position.length);
    const begins = (key: Uint8Array) => position.every((nibble, i) => nibbleAt(key, i) === nibble);
    if (groups.size < count) {
      for (const keys of groups.values()) yield* keys.filter(begins);
    } else {
      for (let group = first; group < first + count; group++) yield* (groups.get(group) ?? []).filter(begins);
    }
  }

  /** All of it as writes to the tables, near the order of the keys, so that neighbours share pages. */
  *writes(): Generator<Write> {
    const tables = [
      { table: stateTables.accounts, values: this.#accounts.entries() },
      // From the storage id's last two bytes on.
      { table: stateTables.slots, values: this.#slots.entries(4) },
      { table: stateTables.branches, values: this.branches.entries(4) },
    ];
    for (const { table, values } of tables) {
      for (const { key, value } of values) yield { table, key, value: value ?? undefined };
    }
  }

  #note(owner: TrieOwner, key: Uint8Array): void {
    let groups = this.#created.get(owner);
    if (groups === undefined) this.#created.set(owner, (groups = new Map()));
    const group = key[0]! * 256 + key[1]!;
    const keys = groups.get(group);
    // A copy: the key is often a view of a whole row of the journal.
    if (keys === undefined) groups.set(group, [key.slice()]);
    else keys.push(key.slice());
    this.#createdCount += 1;
  }
}

function nibbleAt(key: Uint8Array, index: number): number {
  const byte = key[index >> 1]!;
  return index % 2 === 0 ? byte >> 4 : byte & 15;
}
