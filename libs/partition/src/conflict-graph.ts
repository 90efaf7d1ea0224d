import {
  BALANCE_READ,
  BALANCE_WRITE,
  CODE_READ,
  CODE_WRITE,
  NONCE_READ,
  NONCE_WRITE,
  SLOT_READ,
  SLOT_WRITE,
} from './position-run.ts';
import type { Report, ReportedAccess } from './report.ts';

const accountWrites = CODE_WRITE | NONCE_WRITE | BALANCE_WRITE;

interface Key {
  id: number;
  isSlot: boolean;
  /** The member that all its accesses are of; -1: of several. */
  member: number;
  accesses: ReportedAccess[];
  sorted: boolean;
  /** Bits of what positions that run again may have left other than it was. */
  dirty: number;
}

/** A position's part in a key. */
interface Part {
  key: Key;
  mask: number;
}

/**
 * Which position read and wrote which key, of all members: says which runs saw something else than the sequential run of
 * the block would have shown them, and which of the others follow from them.
 */
export class ConflictGraph {
  readonly #keys = new Map<number, Key>();
  /** Whether every run has been checked against all others of its member alone. */
  #mixed = false;

  /** `again`: not the first round, so that positions may have gone from one member to another. */
  add(member: number, { keys }: Report, again: boolean): void {
    this.#mixed ||= again;
    for (const { id, isSlot, accesses } of keys) {
      const key = this.#keys.get(id);
      if (key === undefined) {
        this.#keys.set(id, { id, isSlot, member, accesses, sorted: true, dirty: 0 });
        continue;
      }
      key.accesses = key.accesses.concat(accesses);
      key.sorted = false;
      if (key.member !== member) key.member = -1;
    }
  }

  /** Afterwards nothing of these positions is here. */
  remove(positions: ReadonlySet<number>): void {
    for (const key of this.#keys.values()) {
      key.accesses = key.accesses.filter(({ position }) => !positions.has(position));
      key.dirty = 0;
    }
  }

  /** Positions that saw something else than they should have. */
  wrong(): Set<number> {
    const wrong = new Set<number>();
    for (const key of this.#keys.values()) {
      // What one member alone has touched it has in order.
      if (key.member >= 0 && !this.#mixed) continue;
      sort(key);
      if (key.isSlot) checkSlot(key.accesses, wrong);
      else checkAccount(key.accesses, wrong);
    }
    return wrong;
  }

  /** These and all that may follow from them, by rising position; `end`: of all positions. */
  closure(seeds: ReadonlySet<number>, end: number): number[] {
    const parts = this.#byPosition(end);
    const again: number[] = [];
    for (let position = 0; position < end; position++) {
      const mine = parts[position] ?? [];
      if (!seeds.has(position) && !mine.some(({ key, mask }) => (reads(mask, key.isSlot) & key.dirty) !== 0)) continue;
      again.push(position);
      for (const { key, mask } of mine) key.dirty |= writes(mask, key.isSlot);
    }
    return again;
  }

  /** Groups of the positions that may depend on each other, after `closure`. */
  components(again: readonly number[], end: number): number[][] {
    const parents = new Map(again.map((position) => [position, position]));
    const find = (position: number): number => {
      let root = position;
      while (parents.get(root)! !== root) root = parents.get(root)!;
      for (let at = position; at !== root;) {
        const next = parents.get(at)!;
        parents.set(at, root);
        at = next;
      }
      return root;
    };
    const parts = this.#byPosition(end);
    // The first position of each dirty part of each key stands for it.
    const first = new Map<Key, Map<number, number>>();
    for (const position of again) {
      for (const { key, mask } of parts[position] ?? []) {
        for (const bit of [1, 2, 4]) {
          const touches = ((reads(mask, key.isSlot) | writes(mask, key.isSlot)) & key.dirty & bit) !== 0;
          if (!touches) continue;
          const known = first.get(key) ?? first.set(key, new Map()).get(key)!;
          const other = known.get(bit);
          if (other === undefined) known.set(bit, position);
          else parents.set(find(position), find(other));
        }
      }
    }
    const groups = new Map<number, number[]>();
    for (const position of again) {
      const root = find(position);
      const group = groups.get(root);
      if (group === undefined) groups.set(root, [position]);
      else group.push(position);
    }
    return [...groups.values()];
  }

  /** Keys that a position of `again` touches and another one has written: the ids, by position. */
  writtenKeys(again: readonly number[], end: number): Map<number, number[]> {
    const chosen = new Set(again);
    const parts = this.#byPosition(end);
    const written = new Map<Key, boolean>();
    const isWritten = (key: Key): boolean => {
      const known = written.get(key);
      if (known !== undefined) return known;
      const writes = key.isSlot ? SLOT_WRITE : accountWrites;
      const is = key.accesses.some(({ position, mask }) => (mask & writes) !== 0 && !chosen.has(position));
      written.set(key, is);
      return is;
    };
    return new Map(
      again.map((position) => [
        position,
        (parts[position] ?? []).filter(({ key }) => isWritten(key)).map(({ key }) => key.id),
      ]),
    );
  }

  #byPosition(end: number): (Part[] | undefined)[] {
    const parts: (Part[] | undefined)[] = new Array<Part[] | undefined>(end);
    for (const key of this.#keys.values()) {
      for (const { position, mask } of key.accesses) (parts[position] ??= []).push({ key, mask });
    }
    return parts;
  }
}

/** Bit 1: code or slot; 2: nonce; 4: balance. */
function reads(mask: number, isSlot: boolean): number {
  if (isSlot) return mask & SLOT_READ;
  return (
    ((mask & CODE_READ) !== 0 ? 1 : 0) | ((mask & NONCE_READ) !== 0 ? 2 : 0) | ((mask & BALANCE_READ) !== 0 ? 4 : 0)
  );
}

function writes(mask: number, isSlot: boolean): number {
  if (isSlot) return (mask & SLOT_WRITE) !== 0 ? 1 : 0;
  return (
    ((mask & CODE_WRITE) !== 0 ? 1 : 0) | ((mask & NONCE_WRITE) !== 0 ? 2 : 0) | ((mask & BALANCE_WRITE) !== 0 ? 4 : 0)
  );
}

function sort(key: Key): void {
  if (!key.sorted) key.accesses.sort((a, b) => a.position - b.position);
  key.sorted = true;
}

function checkSlot(accesses: readonly ReportedAccess[], wrong: Set<number>): void {
  let last = -1;
  for (const { position, mask, seen } of accesses) {
    if ((mask & SLOT_READ) !== 0 && seen !== last) wrong.add(position);
    if ((mask & SLOT_WRITE) !== 0) last = position;
  }
}

function checkAccount(accesses: readonly ReportedAccess[], wrong: Set<number>): void {
  let code = -1;
  let nonce = -1;
  let credits = 0;
  for (const { position, mask, seen, seenNonce, seenCredits } of accesses) {
    if ((mask & CODE_READ) !== 0 && seen !== code) wrong.add(position);
    if ((mask & NONCE_READ) !== 0 && seenNonce !== nonce) wrong.add(position);
    if ((mask & BALANCE_READ) !== 0 && seenCredits !== credits) wrong.add(position);
    if ((mask & CODE_WRITE) !== 0) code = position;
    if ((mask & NONCE_WRITE) !== 0) nonce = position;
    if ((mask & BALANCE_WRITE) !== 0) credits += 1;
  }
}
