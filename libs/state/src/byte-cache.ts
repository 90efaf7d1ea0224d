import { ByteTable } from './byte-table.ts';

/**
 * What was used lately, as it is now. Two tables: when the younger is full it becomes the elder, and what was in the
 * elder and not asked for since is gone. So nothing is counted or moved at a look-up.
 */
export class ByteCache {
  readonly #bytesMax: number;
  #younger = new ByteTable();
  #elder = new ByteTable();
  hits = 0;
  misses = 0;

  /** `bytesMax`: of each of the two. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#younger.bytes + this.#elder.bytes;
  }

  /** A view; `null`: it is known that there is nothing; `undefined`: not known. */
  get(key: Uint8Array, keyBytes = key.length): Uint8Array | null | undefined {
    let found = this.#younger.get(key, keyBytes);
    if (found === undefined) {
      found = this.#elder.get(key, keyBytes);
      if (found !== undefined) this.set(key, found, keyBytes);
    }
    if (found === undefined) this.misses += 1;
    else this.hits += 1;
    return found;
  }

  set(key: Uint8Array, value: Uint8Array | null, keyBytes = key.length): void {
    if (this.#younger.bytes > this.#bytesMax) {
      this.#elder = this.#younger;
      this.#younger = new ByteTable();
    }
    this.#younger.set(key, value, keyBytes);
  }
}
