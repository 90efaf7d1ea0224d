import { keccak256 } from '@sheaf/crypto';
import { limits } from './limits.ts';

const places = limits.bloomEntriesCachedMax;

/**
 * Which three of a bloom's 2048 bits an entry sets (yellow paper 4.3.1). Tokens, events and their parties are the same again and again:
 * those of entries seen lately are kept. An entry has one place, which it takes from the one before.
 */
export class BloomBits {
  readonly #width: number;
  /** Which entry each place has; one that has none has bits of none. */
  readonly #entries: Uint8Array;
  readonly #bits: Uint16Array;

  /** `width`: bytes of an entry, 4 or more. */
  constructor(width: number) {
    this.#width = width;
    this.#entries = new Uint8Array(places * width);
    this.#bits = new Uint16Array(3 * places).fill(none);
  }

  /** Sets the bits of the entry that is in `bytes` from `at` on. `bloom`: 256 bytes. */
  addTo(bloom: Uint8Array, bytes: Uint8Array, at: number): void {
    const place = this.#placeOf(bytes, at);
    const bits = this.#bits;
    for (let i = 3 * place; i < 3 * place + 3; i++) bloom[255 - (bits[i]! >> 3)]! |= 1 << (bits[i]! & 7);
  }

  #placeOf(bytes: Uint8Array, at: number): number {
    const width = this.#width;
    // Numbers and addresses in topics differ at their end.
    const end = at + width;
    const word = bytes[end - 1]! | (bytes[end - 2]! << 8) | (bytes[end - 3]! << 16) | (bytes[end - 4]! << 24);
    const place = (Math.imul(word, 0x9e3779b1) >>> 16) & (places - 1);
    const entries = this.#entries;
    const start = place * width;
    let same = 0;
    while (same < width && entries[start + same] === bytes[at + same]) same += 1;
    if (same < width || this.#bits[3 * place] === none) {
      const entry = bytes.subarray(at, end);
      entries.set(entry, start);
      const hash = keccak256(entry);
      for (let i = 0; i < 3; i++) this.#bits[3 * place + i] = ((hash[2 * i]! << 8) | hash[2 * i + 1]!) & 2047;
    }
    return place;
  }
}

/** No bit has that number. */
const none = 0xffff;
