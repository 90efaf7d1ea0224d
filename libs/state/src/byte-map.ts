/** Per process, so that nobody can choose keys that all collide here. It moves entries, never answers. */
const seed = (Math.random() * 2 ** 32) | 0;

/**
 * A map whose keys are byte strings of one length, a multiple of four, compared by content. Entries stay in the order of
 * their first `set`.
 *
 * Open addressing over flat arrays: a look-up takes 0.1 us where the hex alone, to look it up in a Map, takes 0.27 (20
 * bytes, on a busy box).
 */
export class ByteMap<Value> {
  readonly #width: number;
  #keys: Uint8Array;
  #values: Value[] = [];
  /** Entry number plus one, or 0; a power of two long, at most half full. */
  #table: Int32Array;

  constructor(width: number, capacity = 8) {
    this.#width = width;
    this.#keys = new Uint8Array(width * capacity);
    this.#table = new Int32Array(2 * capacity);
  }

  get size(): number {
    return this.#values.length;
  }

  get(key: Uint8Array): Value | undefined {
    const entry = this.#table[this.#find(key)]!;
    return entry === 0 ? undefined : this.#values[entry - 1];
  }

  /** The key is copied. */
  set(key: Uint8Array, value: Value): void {
    const at = this.#find(key);
    const entry = this.#table[at]!;
    if (entry !== 0) {
      this.#values[entry - 1] = value;
      return;
    }
    const index = this.#values.push(value) - 1;
    if (index * this.#width === this.#keys.length) this.#grow();
    this.#keys.set(key, index * this.#width);
    if (2 * this.#values.length <= this.#table.length) this.#table[at] = index + 1;
    else this.#rehash();
  }

  /** Values in the order of their keys' first `set`. */
  values(): readonly Value[] {
    return this.#values;
  }

  /** The key of the value at `index`; a view. */
  keyAt(index: number): Uint8Array {
    return this.#keys.subarray(index * this.#width, (index + 1) * this.#width);
  }

  /** The place in the table that has the key, or where it would go. */
  #find(key: Uint8Array): number {
    const mask = this.#table.length - 1;
    for (let at = hash(key, this.#width) & mask; ; at = (at + 1) & mask) {
      const entry = this.#table[at]!;
      if (entry === 0 || this.#holds((entry - 1) * this.#width, key)) return at;
    }
  }

  #holds(offset: number, key: Uint8Array): boolean {
    const keys = this.#keys;
    for (let i = 0; i < this.#width; i++) if (keys[offset + i] !== key[i]) return false;
    return true;
  }

  #grow(): void {
    const keys = new Uint8Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
  }

  #rehash(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    const mask = this.#table.length - 1;
    for (let index = 0; index < this.#values.length; index++) {
      let at = hash(this.#keys, this.#width, index * this.#width) & mask;
      while (this.#table[at] !== 0) at = (at + 1) & mask;
      this.#table[at] = index + 1;
    }
  }
}

/** Of so many bytes of `key` from `from` on. */
function hash(key: Uint8Array, width: number, from = 0): number {
  let state = seed;
  for (let i = from; i < from + width; i += 4) {
    const word = key[i]! | (key[i + 1]! << 8) | (key[i + 2]! << 16) | (key[i + 3]! << 24);
    state = Math.imul(state ^ word, 0x9e3779b1);
    state ^= state >>> 15;
  }
  state = Math.imul(state, 0x85ebca6b);
  return state ^ (state >>> 13);
}
