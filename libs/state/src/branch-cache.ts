import type { ChangedBranch, TrieOwner } from '@sheaf/trie';
import { BranchMap } from './branch-map.ts';

/**
 * Branches that were used lately, always as they are now. Two maps: when the younger is full it becomes the elder, and
 * what was in the elder and not asked for since is gone. So nothing is counted or moved at a look-up.
 */
export class BranchCache {
  readonly #bytesMax: number;
  #younger = new BranchMap();
  #elder = new BranchMap();
  hits = 0;
  misses = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#younger.bytes + this.#elder.bytes;
  }

  get(owner: TrieOwner, position: Uint8Array): ChangedBranch | undefined {
    let found = this.#younger.get(owner, position);
    if (found === undefined) {
      found = this.#elder.get(owner, position);
      // A copy, because a record is often a view of everything that its commit changed.
      if (found !== undefined) this.set({ ...found, after: found.after?.slice() });
    }
    if (found === undefined) this.misses += 1;
    else this.hits += 1;
    return found;
  }

  set(branch: ChangedBranch): void {
    if (this.#younger.bytes > this.#bytesMax) {
      this.#elder = this.#younger;
      this.#younger = new BranchMap();
    }
    this.#younger.set(branch);
  }
}
