import type { ChangedBranch, TrieOwner } from '@sheaf/trie';
import type { Height } from '@sheaf/primitives';
import { BranchMap } from './branch-map.ts';
import { ByteMap } from './byte-map.ts';
import type { ValueChange } from './journal.ts';
import { branchKey } from './keys.ts';
import { stateTables, type Write } from './key-value.ts';

/** Rough bytes of an account or a slot in memory. */
const valueBytes = 200;

/**
 * The changes of some heights that the journal has and the tables have not: the last value of each key. `null`: gone.
 */
export class Pending {
  readonly #accounts = new ByteMap<Uint8Array | null>(32, 256);
  /** Storage id and slot key, and two zeros, for a width of whole words. */
  readonly #slots = new ByteMap<Uint8Array | null>(40, 256);
  readonly #branches = new BranchMap();
  /** Keys that came into being, by owner and the first two bytes: what a table cannot find under a prefix. */
  readonly #created = new Map<TrieOwner, Map<number, Uint8Array[]>>();
  readonly #slotKey = new Uint8Array(40);
  /** The last of the heights. */
  height: Height | undefined;
  heights = 0;

  get bytes(): number {
    return valueBytes * (this.#accounts.size + this.#slots.size) + this.#branches.bytes;
  }

  account(key: Uint8Array): Uint8Array | null | undefined {
    return this.#accounts.get(key);
  }

  /** `key`: storage id and slot key, 38 bytes. */
  slot(key: Uint8Array): Uint8Array | null | undefined {
    this.#slotKey.set(key);
    return this.#slots.get(this.#slotKey);
  }

  branch(owner: TrieOwner, position: Uint8Array): ChangedBranch | undefined {
    return this.#branches.get(owner, position);
  }

  setAccount({ key, before, after }: ValueChange): void {
    this.#accounts.set(key, after ?? null);
    if (before === undefined) this.#note(0, key);
  }

  /** `owner`: the storage's id, with which the key begins. */
  setSlot(owner: TrieOwner, { key, before, after }: ValueChange): void {
    this.#slotKey.set(key);
    this.#slots.set(this.#slotKey, after ?? null);
    if (before === undefined) this.#note(owner, key.subarray(6));
  }

  setBranch(branch: ChangedBranch): void {
    this.#branches.set(branch);
  }

  branches(): Iterable<ChangedBranch> {
    return this.#branches.entries();
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

  /** All of it as writes to the tables, near the order of the keys so that neighbours share pages. */
  writes(): Write[] {
    const writes: Write[] = [];
    const values = (table: string, map: ByteMap<Uint8Array | null>, width: number) => {
      for (const [index, value] of map.values().entries()) {
        writes.push({ table, key: map.keyAt(index).slice(0, width), value: value ?? undefined });
      }
    };
    values(stateTables.accounts, this.#accounts, 32);
    values(stateTables.slots, this.#slots, 38);
    for (const { owner, position, after } of this.#branches.entries()) {
      writes.push({ table: stateTables.branches, key: branchKey(owner, position), value: after });
    }
    return sortByPrefix(writes);
  }

  #note(owner: TrieOwner, key: Uint8Array): void {
    let groups = this.#created.get(owner);
    if (groups === undefined) this.#created.set(owner, (groups = new Map()));
    const group = key[0]! * 256 + key[1]!;
    const keys = groups.get(group);
    if (keys === undefined) groups.set(group, [key]);
    else keys.push(key);
  }
}

function nibbleAt(key: Uint8Array, index: number): number {
  const byte = key[index >> 1]!;
  return index % 2 === 0 ? byte >> 4 : byte & 15;
}

/** By table and 16 bits of the key, in one pass; a full sort of a million keys would hold up a block. */
function sortByPrefix(writes: readonly Write[]): Write[] {
  const groups = new Map<number, Write[]>();
  for (const write of writes) {
    const group = groupOf(write);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [write]);
    else members.push(write);
  }
  return [...groups].sort(([a], [b]) => a - b).flatMap(([, members]) => members);
}

function groupOf({ table, key }: Write): number {
  if (table === stateTables.accounts) return key[0]! * 256 + key[1]!;
  if (table === stateTables.slots) return 65_536 * (1 + key[4]!) + key[5]! * 256 + key[6]!;
  const nibble = (index: number) => key[index] ?? 0;
  const position = ((nibble(6) * 16 + nibble(7)) * 16 + nibble(8)) * 16 + nibble(9);
  return 65_536 * (257 + key[4]! * 256 + key[5]!) + position;
}
