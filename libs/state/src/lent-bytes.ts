/** Bytes that are lent, one array for each length: for copies that nobody keeps, of which there are many. At most some hundred bytes each. */
export class LentBytes {
  readonly #byLength: Uint8Array[] = [];

  /** Nobody else's until the next of the same length is asked for. */
  of(length: number): Uint8Array {
    return (this.#byLength[length] ??= new Uint8Array(length));
  }

  /** `bytes` from `from` to `to`. */
  copy(bytes: Uint8Array, from: number, to: number): Uint8Array {
    const copy = this.of(to - from);
    for (let i = 0; i < copy.length; i++) copy[i] = bytes[from + i]!;
    return copy;
  }
}
