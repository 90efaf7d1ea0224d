import { ByteMap } from './byte-map.ts';

/** As `BranchCache`, for values under byte strings of one length. */
export class ValueCache<Value> {
  readonly #width: number;
  readonly #entriesMax: number;
  #younger: ByteMap<Value>;
  #elder: ByteMap<Value>;
  hits = 0;
  misses = 0;

  constructor(width: number, entriesMax: number) {
    this.#width = width;
    this.#entriesMax = entriesMax;
    this.#younger = new ByteMap(width, 64);
    this.#elder = new ByteMap(width, 1);
  }

  get size(): number {
    return this.#younger.size + this.#elder.size;
  }

  get(key: Uint8Array): Value | undefined {
    let found = this.#younger.get(key);
    if (found === undefined) {
      found = this.#elder.get(key);
      if (found !== undefined) this.set(key, found);
    }
    if (found === undefined) this.misses += 1;
    else this.hits += 1;
    return found;
  }

  set(key: Uint8Array, value: Value): void {
    if (this.#younger.size >= this.#entriesMax) {
      this.#elder = this.#younger;
      this.#younger = new ByteMap(this.#width, 64);
    }
    this.#younger.set(key, value);
  }
}
