import {
  bytesToBigint,
  bytesToHex,
  ChainError,
  toAddress,
  toHash32,
  type Address,
  type Hash32,
} from '@sheaf/primitives';

const utf8 = new TextEncoder();

/** Writes one message: numbers as LEB128, byte strings with or without their length. */
export class ByteWriter {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#at;
  }

  /** What was written; the writer is of no use afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  /** 0 … 2^53-1. */
  number(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Below zero or not, of any size. */
  integer(value: bigint): void {
    const positive = value < 0n ? -value : value;
    this.byte(value < 0n ? 1 : 0);
    this.natural(positive);
  }

  /** Not below zero. */
  natural(value: bigint): void {
    if (value <= 0xffff_ffff_ffffn) {
      this.byte(0);
      this.number(Number(value));
      return;
    }
    const hex = value.toString(16);
    const bytes = (hex.length + 1) >> 1;
    this.#room(1 + bytes);
    this.#bytes[this.#at++] = bytes;
    for (let i = bytes, end = hex.length; i > 0; i--, end -= 2) {
      this.#bytes[this.#at + i - 1] = Number.parseInt(hex.slice(Math.max(0, end - 2), end), 16);
    }
    this.#at += bytes;
  }

  /** Bytes whose length the reader knows. */
  fixed(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** As `fixed`, of a hex string with 0x. */
  hex(value: string): void {
    const count = (value.length - 2) >> 1;
    this.#room(count);
    for (let i = 0; i < count; i++) {
      this.#bytes[this.#at++] = (digit(value, 2 + 2 * i) << 4) | digit(value, 3 + 2 * i);
    }
  }

  bytes(value: Uint8Array): void {
    this.number(value.length);
    this.fixed(value);
  }

  text(value: string): void {
    this.bytes(utf8.encode(value));
  }

  double(value: number): void {
    this.#room(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#at, value);
    this.#at += 8;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

function digit(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  // Digits come in no order, so a branch would be guessed wrong half the time.
  return (code & 15) + 9 * (code >> 6);
}

/** Reads one message. Every method throws ChainError `INVALID_ARGUMENT` when the bytes are not what they should be. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** @throws unless everything was read */
  end(): void {
    if (!this.done) throw malformed('has more bytes than it says');
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw malformed('ends too early');
    return this.#bytes[this.#at++]!;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      if (scale > 2 ** 42) throw malformed('has a number over 2^53');
    }
  }

  /** A number that says how much follows: no more than the bytes that are left. */
  count(bytesEach = 1): number {
    const count = this.number();
    if (count * bytesEach > this.#bytes.length - this.#at) throw malformed('says that more follows than there is');
    return count;
  }

  /** A number below `end`. */
  below(end: number, what: string): number {
    const value = this.number();
    if (value >= end) throw malformed(`has ${what} ${value}, not below ${end}`);
    return value;
  }

  integer(): bigint {
    const negative = this.byte() === 1;
    const value = this.natural();
    return negative ? -value : value;
  }

  natural(): bigint {
    const size = this.byte();
    if (size === 0) return BigInt(this.number());
    if (size > 40) throw malformed('has a number over 40 bytes');
    return bytesToBigint(this.fixed(size));
  }

  /** A view. */
  fixed(count: number): Uint8Array {
    if (this.#bytes.length - this.#at < count) throw malformed('ends too early');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** A view. */
  bytes(): Uint8Array {
    return this.fixed(this.count());
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }

  /** All that is left; a view. */
  rest(): Uint8Array {
    return this.fixed(this.#bytes.length - this.#at);
  }

  address(): Address {
    return toAddress(this.fixed(20));
  }

  hash(): Hash32 {
    return toHash32(this.fixed(32));
  }

  hex(count: number): string {
    return bytesToHex(this.fixed(count));
  }

  double(): number {
    const bytes = this.fixed(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
  }
}

export function malformed(what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field: 'message', message: `a member's message ${what}` });
}
