import type { Address } from '@sheaf/primitives';
import { bytesToHex } from '@sheaf/primitives';

/** What can be guessed from a transaction's bytes at a glance: nothing depends on its being right but the speed. */
export interface Skimmed {
  to: Address | undefined;
  /** The first four bytes of its data; -1 with fewer. */
  selector: number;
  /** The data; a view. */
  data: Uint8Array;
  gasLimit: number;
}

/** `undefined`: no transaction that anybody could run. */
export function skim(raw: Uint8Array): Skimmed | undefined {
  const typed = raw[0]! < 0xc0;
  const type = typed ? raw[0]! : 0;
  const cursor = new Cursor(raw, typed ? 1 : 0);
  if (!cursor.enter()) return undefined;
  const before = type === 0 ? 2 : type === 1 ? 3 : 4;
  for (let i = 0; i < before; i++) if (!cursor.skip()) return undefined;
  const gas = cursor.item();
  const to = cursor.item();
  if (!cursor.skip()) return undefined;
  const data = cursor.item();
  if (gas === undefined || to === undefined || data === undefined || gas.length > 8) return undefined;
  let gasLimit = 0;
  for (const byte of gas) gasLimit = gasLimit * 256 + byte;
  const selector = data.length < 4 ? -1 : ((data[0]! << 24) | (data[1]! << 16) | (data[2]! << 8) | data[3]!) >>> 0;
  return { to: to.length === 20 ? (bytesToHex(to) as Address) : undefined, selector, data, gasLimit };
}

/** Walks the items of one RLP list. */
class Cursor {
  readonly #bytes: Uint8Array;
  #at: number;
  /** Where the string begins that was passed over last. */
  #start = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  enter(): boolean {
    const first = this.#bytes[this.#at];
    if (first === undefined || first < 0xc0) return false;
    this.#at += first < 0xf8 ? 1 : 2 + (first - 0xf8);
    return true;
  }

  /** The next item, which is a string; a view. */
  item(): Uint8Array | undefined {
    return this.skip() ? this.#bytes.subarray(this.#start, this.#at) : undefined;
  }

  /** Passes over a string. `false`: there is none. */
  skip(): boolean {
    const bytes = this.#bytes;
    const first = bytes[this.#at];
    if (first === undefined || first >= 0xc0) return false;
    if (first < 0x80) {
      this.#start = this.#at++;
      return true;
    }
    let length = first - 0x80;
    let start = this.#at + 1;
    if (first > 0xb7) {
      const digits = first - 0xb7;
      length = 0;
      for (let i = 0; i < digits; i++) length = length * 256 + (bytes[start + i] ?? 0);
      start += digits;
    }
    if (start + length > bytes.length) return false;
    this.#start = start;
    this.#at = start + length;
    return true;
  }
}
