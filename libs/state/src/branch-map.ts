import type { ChangedBranch, TrieOwner } from '@sheaf/trie';

/** Up to 12 nibbles and a one before them are a whole number below 2^53; longer positions are rare and are text. */
const nibblesMax = 12;

type PositionKey = number | string;

/** Branches by owner and position. An entry without a record says that no branch hangs there. */
export class BranchMap {
  readonly #accounts = new Map<PositionKey, ChangedBranch>();
  readonly #storages = new Map<TrieOwner, Map<PositionKey, ChangedBranch>>();
  /** Of the records that were ever set, and 100 bytes an entry. */
  bytes = 0;

  get(owner: TrieOwner, position: Uint8Array): ChangedBranch | undefined {
    return (owner === 0 ? this.#accounts : this.#storages.get(owner))?.get(keyOf(position));
  }

  set(branch: ChangedBranch): void {
    const { owner, position, after } = branch;
    let map = owner === 0 ? this.#accounts : this.#storages.get(owner);
    if (map === undefined) this.#storages.set(owner, (map = new Map()));
    map.set(keyOf(position), branch);
    this.bytes += 100 + (after?.length ?? 0);
  }

  *entries(): Generator<ChangedBranch> {
    yield* this.#accounts.values();
    for (const map of this.#storages.values()) yield* map.values();
  }
}

function keyOf(position: Uint8Array): PositionKey {
  if (position.length > nibblesMax) return String.fromCharCode(...position);
  let key = 1;
  for (let i = 0; i < position.length; i++) key = key * 16 + position[i]!;
  return key;
}
