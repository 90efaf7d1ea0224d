import { assert } from '@sheaf/primitives';
import { sortedOrder } from './sort-by-bytes.ts';

/** Per process, so that nobody can choose keys that all collide here. It moves entries, never answers. */
const seed = (Math.random() * 2 ** 32) | 0;

/** Beyond this an entry has no place: some 4 GiB. */
const chunksMax = 4_095;
/** An entry does not cross a chunk, so that nothing is ever moved. */
const chunkBytes = 2 ** 20;
/** Before an entry's key: u8 its bytes, u16 bytes of the value, or this for no value. */
const headBytes = 3;
const noValue = 0xffff;

/**
 * Byte strings under byte strings: keys up to 255 bytes, values up to 65,534, or `null` under a key. Entries are written
 * one after the other into chunks and never moved: what it hands out are views that stay as they are, also when the key
 * gets another value.
 *
 * Caches and what waits to be written hold a million small things for long. As objects of their own they cost V8's
 * collector more than all hashing of a block (147 ms of a block of 5,000 transfers against 28); here they are a few
 * large arrays.
 */
export class ByteTable {
  #chunks: Uint8Array[] = [];
  #end = chunkBytes;
  #size = 0;
  #bytes = 0;
  /** Place of an entry plus one, or 0; a power of two long, at most half full. */
  #places: Uint32Array;
  #hashes: Int32Array;

  constructor(capacity = 512) {
    const length = 2 ** Math.ceil(Math.log2(2 * capacity));
    this.#places = new Uint32Array(length);
    this.#hashes = new Int32Array(length);
  }

  /** Keys that have a value or `null`. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of everything that was ever set, and of the index. */
  get bytes(): number {
    return this.#bytes + 8 * this.#places.length;
  }

  /** The value, a view; `null` if that was set; `undefined`: nothing was. `keyBytes`: how much of `key` is the key. */
  get(key: Uint8Array, keyBytes = key.length): Uint8Array | null | undefined {
    const place = this.#places[this.#find(key, keyBytes, hashOf(key, keyBytes))]!;
    return place === 0 ? undefined : this.#value(place - 1);
  }

  set(key: Uint8Array, value: Uint8Array | null, keyBytes = key.length): void {
    const hash = hashOf(key, keyBytes);
    let at = this.#find(key, keyBytes, hash);
    if (this.#places[at] === 0) {
      this.#size += 1;
      if (2 * this.#size > this.#places.length) {
        this.#rehash();
        at = this.#find(key, keyBytes, hash);
      }
      this.#hashes[at] = hash;
    }
    this.#places[at] = this.#append(key, keyBytes, value) + 1;
  }

  /** Every key with what was set last, in the order of the six bytes from `from` on in the keys. Views. */
  *entries(from = 0): Generator<{ key: Uint8Array; value: Uint8Array | null }> {
    const order = new Float64Array(this.#size);
    const places = new Uint32Array(this.#size);
    let count = 0;
    for (const place of this.#places) {
      if (place === 0) continue;
      order[count] = this.#prefix(place - 1, from);
      places[count++] = place - 1;
    }
    for (const index of sortedOrder(order)) {
      const place = places[index]!;
      const { chunk, at } = this.#at(place);
      yield { key: chunk.subarray(at + headBytes, at + headBytes + chunk[at]!), value: this.#value(place) };
    }
  }

  #at(place: number): { chunk: Uint8Array; at: number } {
    const number = Math.floor(place / chunkBytes);
    return { chunk: this.#chunks[number]!, at: place - number * chunkBytes };
  }

  #value(place: number): Uint8Array | null {
    const number = Math.floor(place / chunkBytes);
    const chunk = this.#chunks[number]!;
    const at = place - number * chunkBytes;
    const bytes = (chunk[at + 1]! << 8) | chunk[at + 2]!;
    if (bytes === noValue) return null;
    const from = at + headBytes + chunk[at]!;
    return chunk.subarray(from, from + bytes);
  }

  #prefix(place: number, from: number): number {
    const { chunk, at } = this.#at(place);
    const count = chunk[at]!;
    let prefix = 0;
    for (let i = from; i < from + 6; i++) prefix = prefix * 256 + (i < count ? chunk[at + headBytes + i]! : 0);
    return prefix;
  }

  /** Where the index has the key, or where it would go. */
  #find(key: Uint8Array, keyBytes: number, hash: number): number {
    const mask = this.#places.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const place = this.#places[at]!;
      if (place === 0 || (this.#hashes[at] === hash && this.#holds(place - 1, key, keyBytes))) return at;
    }
  }

  #holds(place: number, key: Uint8Array, keyBytes: number): boolean {
    const number = Math.floor(place / chunkBytes);
    const chunk = this.#chunks[number]!;
    const at = place - number * chunkBytes;
    if (chunk[at] !== keyBytes) return false;
    for (let i = 0, from = at + headBytes; i < keyBytes; i++) if (chunk[from + i] !== key[i]) return false;
    return true;
  }

  #append(key: Uint8Array, keyBytes: number, value: Uint8Array | null): number {
    const valueBytes = value?.length ?? 0;
    const bytes = headBytes + keyBytes + valueBytes;
    if (this.#end + bytes > chunkBytes) {
      assert(this.#chunks.length < chunksMax, 'a table of bytes has a bound below its own');
      this.#chunks.push(new Uint8Array(chunkBytes));
      this.#end = 0;
    }
    const chunk = this.#chunks.at(-1)!;
    let at = this.#end;
    const place = (this.#chunks.length - 1) * chunkBytes + at;
    const size = value === null ? noValue : valueBytes;
    chunk[at] = keyBytes;
    chunk[at + 1] = size >> 8;
    chunk[at + 2] = size;
    at += headBytes;
    for (let i = 0; i < keyBytes; i++) chunk[at + i] = key[i]!;
    if (value !== null) chunk.set(value, at + keyBytes);
    this.#end += bytes;
    this.#bytes += bytes;
    return place;
  }

  #rehash(): void {
    const places = this.#places;
    const hashes = this.#hashes;
    this.#places = new Uint32Array(2 * places.length);
    this.#hashes = new Int32Array(2 * places.length);
    const mask = this.#places.length - 1;
    for (let from = 0; from < places.length; from++) {
      if (places[from] === 0) continue;
      let at = hashes[from]! & mask;
      while (this.#places[at] !== 0) at = (at + 1) & mask;
      this.#places[at] = places[from]!;
      this.#hashes[at] = hashes[from]!;
    }
  }
}

function hashOf(key: Uint8Array, keyBytes: number): number {
  let state = seed ^ keyBytes;
  let at = 0;
  for (; at + 4 <= keyBytes; at += 4) {
    const word = key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24);
    state = Math.imul(state ^ word, 0x9e3779b1);
    state ^= state >>> 15;
  }
  for (; at < keyBytes; at++) state = Math.imul(state ^ key[at]!, 0x9e3779b1);
  state ^= state >>> 15;
  state = Math.imul(state, 0x85ebca6b);
  return state ^ (state >>> 13);
}
