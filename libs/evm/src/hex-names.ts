import { bytesToHex } from '@sheaf/primitives';
import { limits } from './limits.ts';

const places = limits.namesKeptMax;

/**
 * Names of values that were named lately: topics and addresses are the same again and again, and a string that is the same one is
 * neither made nor hashed again by whoever looks it up. A value has one place, which it takes from the one before. Bounded.
 */
export class HexNames {
  readonly #width: number;
  readonly #values: Uint8Array;
  readonly #names = new Array<string | undefined>(places).fill(undefined);

  /** `width`: bytes of each value, two or more. */
  constructor(width: number) {
    this.#width = width;
    this.#values = new Uint8Array(places * width);
  }

  /** `0x` and the digits of the big-endian number whose bytes, the lowest first, are in `bytes` from `at` on. */
  of(bytes: Uint8Array, at: number): string {
    const width = this.#width;
    const place = (bytes[at]! | (bytes[at + 1]! << 8)) & (places - 1);
    const start = place * width;
    const values = this.#values;
    const known = this.#names[place];
    if (known !== undefined) {
      let same = 0;
      while (same < width && values[start + same] === bytes[at + same]) same += 1;
      if (same === width) return known;
    }
    const value = bytes.slice(at, at + width);
    values.set(value, start);
    return (this.#names[place] = bytesToHex(value.reverse()));
  }
}
