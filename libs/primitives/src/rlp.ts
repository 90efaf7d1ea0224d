import { ChainError } from './chain-error.ts';

/** Recursive Length Prefix (yellow paper, appendix B): a string of bytes or a list of items. */
export type RlpItem = Uint8Array | readonly RlpItem[];

/** Deep enough for a block with access lists; hostile nesting must not exhaust the stack. */
const depthMax = 16;

/** The canonical encoding. */
export function encodeRlp(item: RlpItem): Uint8Array {
  if (item instanceof Uint8Array) return encodeRlpBytes(item);
  // Lengths first, so that everything is written once, where it stays.
  const lengths: number[] = [];
  const bytes = new Uint8Array(measure(item, lengths));
  write(bytes, 0, item, { lengths, next: 0 });
  return bytes;
}

/** The canonical encoding of a string of bytes. */
export function encodeRlpBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 1 && bytes[0]! < 0x80) return bytes;
  const encoded = new Uint8Array(prefixBytes(bytes.length) + bytes.length);
  encoded.set(bytes, writePrefix(encoded, 0, bytes.length, 0x80));
  return encoded;
}

/** The list of items that are encoded already. */
export function encodeRlpList(items: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of items) length += part.length;
  const encoded = new Uint8Array(prefixBytes(length) + length);
  let at = writePrefix(encoded, 0, length, 0xc0);
  for (const part of items) {
    encoded.set(part, at);
    at += part.length;
  }
  return encoded;
}

/** Bytes that the item takes; the payload of every list goes to `lengths`, a list before its items. */
function measure(item: RlpItem, lengths: number[]): number {
  if (item instanceof Uint8Array) {
    return item.length === 1 && item[0]! < 0x80 ? 1 : prefixBytes(item.length) + item.length;
  }
  const place = lengths.push(0) - 1;
  let length = 0;
  for (const each of item) length += measure(each, lengths);
  lengths[place] = length;
  return prefixBytes(length) + length;
}

/** Where the item ends. */
function write(bytes: Uint8Array, start: number, item: RlpItem, cursor: { lengths: number[]; next: number }): number {
  if (item instanceof Uint8Array) {
    const { length } = item;
    if (length === 1 && item[0]! < 0x80) {
      bytes[start] = item[0]!;
      return start + 1;
    }
    const from = writePrefix(bytes, start, length, 0x80);
    bytes.set(item, from);
    return from + length;
  }
  let at = writePrefix(bytes, start, cursor.lengths[cursor.next++]!, 0xc0);
  for (const each of item) at = write(bytes, at, each, cursor);
  return at;
}

/**
 * The one item in `bytes`. Strings are views, not copies.
 * @throws ChainError `INVALID_ARGUMENT` naming `field` unless the encoding is canonical and nothing follows it
 */
export function decodeRlp(bytes: Uint8Array, field: string): RlpItem {
  const header = { from: 0, end: 0 };
  const item = decodeAt(bytes, 0, bytes.length, 0, field, header);
  if (header.end !== bytes.length) throw malformed(field, 'has bytes after its end');
  return item;
}

/**
 * Walks the strings and lists of one list in their order, without making anything of them: for encodings of which there are many.
 * Whatever it passes over is canonical, but for what is inside of lists, which `decodeRlp` reads.
 */
export class RlpReader {
  readonly #bytes: Uint8Array;
  readonly #field: string;
  readonly #end: number;
  readonly #header: RlpHeader = { from: 0, end: 0 };
  #at: number;

  /**
   * `start`: where the list begins, which ends with the bytes.
   * @throws ChainError `INVALID_ARGUMENT` naming `field` unless it is a list, and where it is not canonical, as every method does
   */
  constructor(bytes: Uint8Array, start: number, field: string) {
    this.#bytes = bytes;
    this.#field = field;
    if (start < bytes.length && bytes[start]! < 0xc0) {
      throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} must be a list` });
    }
    readRlpHeader(bytes, start, bytes.length, field, this.#header);
    const { from, end } = this.#header;
    if (end !== bytes.length) throw malformed(field, 'has bytes after its end');
    this.#at = from;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** The next item, a string, as a view; `undefined` for a list. */
  string(): Uint8Array | undefined {
    const first = this.#bytes[this.#at]!;
    const { from, end } = this.#next();
    return first < 0xc0 ? this.#bytes.subarray(from, end) : undefined;
  }

  /** As `string`, without a view: its bytes are from `start` to `stop` of what is read. `false`: it is a list. */
  span(): boolean {
    const first = this.#bytes[this.#at]!;
    this.#next();
    return first < 0xc0;
  }

  get start(): number {
    return this.#header.from;
  }

  get stop(): number {
    return this.#header.end;
  }

  /** Passes over the next item. */
  skip(): void {
    this.#next();
  }

  /** The next item with what is inside of it. */
  item(): RlpItem {
    const start = this.#at;
    return decodeRlp(this.#bytes.subarray(start, this.#next().end), this.#field);
  }

  #next(): RlpHeader {
    readRlpHeader(this.#bytes, this.#at, this.#end, this.#field, this.#header);
    this.#at = this.#header.end;
    return this.#header;
  }
}

/**
 * Writes one encoding from its end to its beginning, so that the length of a list is known when its prefix is written: for encodings of
 * which there are many. The items of a list are written from the last to the first, and then `list`.
 */
export class RlpBackWriter {
  #bytes: Uint8Array;
  #at: number;

  /** `room`: bytes to write into, or how many are likely to be needed. */
  constructor(room: Uint8Array | number = 256) {
    this.#bytes = typeof room === 'number' ? new Uint8Array(room) : room;
    this.#at = this.#bytes.length;
  }

  /** How much is written: where a list that is written next will end. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** All that was written, a view; the writer is of no use afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  /** One byte that is no item. */
  byte(value: number): void {
    this.#room(1);
    this.#bytes[--this.#at] = value;
  }

  /** A string. */
  bytes(value: Uint8Array): void {
    const { length } = value;
    this.#room(length);
    this.#at -= length;
    this.#bytes.set(value, this.#at);
    if (length !== 1 || value[0]! >= 0x80) this.#prefix(length, 0x80);
  }

  /** A string, given as so many bytes from `at` on: for short ones, of which a view each would be most of the work. */
  part(bytes: Uint8Array, at: number, length: number): void {
    this.#room(length);
    this.#at -= length;
    const to = this.#bytes;
    for (let i = 0; i < length; i++) to[this.#at + i] = bytes[at + i]!;
    if (length !== 1 || to[this.#at]! >= 0x80) this.#prefix(length, 0x80);
  }

  /** A string, given as so many bytes from `at` on, the last first. */
  reversed(bytes: Uint8Array, at: number, length: number): void {
    this.#room(length);
    this.#at -= length;
    const to = this.#bytes;
    for (let i = 0, from = at + length - 1; i < length; i++, from--) to[this.#at + i] = bytes[from]!;
    if (length !== 1 || to[this.#at]! >= 0x80) this.#prefix(length, 0x80);
  }

  /** Items that are encoded already. */
  items(encoded: Uint8Array): void {
    this.#room(encoded.length);
    this.#at -= encoded.length;
    this.#bytes.set(encoded, this.#at);
  }

  /** A string, given as hex digits after `0x`, lower-case. */
  hex(value: string): void {
    const length = (value.length - 2) >> 1;
    this.#hexDigits(value, 2, length);
    if (length !== 1 || this.#bytes[this.#at]! >= 0x80) this.#prefix(length, 0x80);
  }

  /** A number as RLP has it: no leading zeros. @throws RangeError when it is negative */
  natural(value: bigint): void {
    if (value < 0n) throw new RangeError(`${value} is negative`);
    if (value >= 2n ** 48n) {
      const digits = value.toString(16);
      const even = digits.length % 2 === 0 ? digits : `0${digits}`;
      this.#hexDigits(even, 0, even.length >> 1);
      this.#prefix(even.length >> 1, 0x80);
      return;
    }
    this.#room(6);
    const end = this.#at;
    for (let rest = Number(value); rest >= 1; rest = Math.floor(rest / 256)) this.#bytes[--this.#at] = rest % 256;
    if (end - this.#at !== 1 || this.#bytes[this.#at]! >= 0x80) this.#prefix(end - this.#at, 0x80);
  }

  /** All that was written since `length` was `from` is a list. */
  list(from: number): void {
    this.#prefix(this.length - from, 0xc0);
  }

  #prefix(length: number, offset: number): void {
    const size = prefixBytes(length);
    this.#room(size);
    this.#at -= size;
    writePrefix(this.#bytes, this.#at, length, offset);
  }

  #hexDigits(digits: string, from: number, count: number): void {
    this.#room(count);
    this.#at -= count;
    const bytes = this.#bytes;
    for (let i = 0, digit = from, at = this.#at; i < count; i++, digit += 2, at++) {
      bytes[at] = (hexDigit(digits, digit) << 4) | hexDigit(digits, digit + 1);
    }
  }

  #room(count: number): void {
    if (this.#at >= count) return;
    const { length } = this;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, length + count));
    grown.set(this.#bytes.subarray(this.#at), grown.length - length);
    this.#at = grown.length - length;
    this.#bytes = grown;
  }
}

/**
 * So many encodings, views of one buffer. `write` writes the encoding of the index after all that is written, of which there are `from`
 * bytes. `bytesEach`: about what one takes.
 */
export function encodeRlpMany(
  count: number,
  bytesEach: number,
  write: (writer: RlpBackWriter, index: number, from: number) => void,
): Uint8Array[] {
  const writer = new RlpBackWriter(count * bytesEach);
  const ends: number[] = [];
  for (let index = 0, from = 0; index < count; index++) {
    write(writer, index, from);
    from = writer.length;
    ends.push(from);
  }
  const all = writer.finish();
  return ends.map((end, index) => all.subarray(all.length - end, all.length - (index === 0 ? 0 : ends[index - 1]!)));
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  // Digits come in no order, so a branch would be guessed wrong half the time.
  return (code & 15) + 9 * (code >> 6);
}

/** Where what an item holds begins, and where it ends. */
export interface RlpHeader {
  from: number;
  end: number;
}

function prefixBytes(length: number): number {
  if (length <= 55) return 1;
  return length < 2 ** 8 ? 2 : length < 2 ** 16 ? 3 : length < 2 ** 24 ? 4 : 5;
}

/** Where what it says the length of begins. */
function writePrefix(bytes: Uint8Array, start: number, length: number, offset: number): number {
  const size = prefixBytes(length);
  if (size === 1) {
    bytes[start] = offset + length;
    return start + 1;
  }
  bytes[start] = offset + 54 + size;
  for (let i = size - 1, rest = length; i > 0; i--, rest = Math.floor(rest / 256)) bytes[start + i] = rest % 256;
  return start + size;
}

/** Where the item ends is `header.end` afterwards. */
function decodeAt(
  bytes: Uint8Array,
  start: number,
  limit: number,
  depth: number,
  field: string,
  header: RlpHeader,
): RlpItem {
  if (depth > depthMax) throw malformed(field, 'is nested too deeply');
  readRlpHeader(bytes, start, limit, field, header);
  const { from, end } = header;
  if (bytes[start]! < 0xc0) return bytes.subarray(from, end);
  const items: RlpItem[] = [];
  for (let at = from; at < end; at = header.end) items.push(decodeAt(bytes, at, end, depth + 1, field, header));
  header.end = end;
  return items;
}

/**
 * Of the item that begins at `start`, where what it holds begins and ends, into `header`.
 * @throws ChainError `INVALID_ARGUMENT` naming `field` when it is not canonical, or goes beyond `limit`
 */
export function readRlpHeader(bytes: Uint8Array, start: number, limit: number, field: string, header: RlpHeader): void {
  const first = start < limit ? bytes[start]! : -1;
  if (first < 0) throw malformed(field, 'is cut short');
  if (first < 0x80) {
    header.from = start;
    header.end = start + 1;
    return;
  }
  const short = first - (first < 0xc0 ? 0x80 : 0xc0);
  let from = start + 1;
  let length = short;
  if (short > 55) {
    const digits = short - 55;
    if (digits > 4) throw malformed(field, 'is longer than 4 GiB');
    if (from + digits > limit) throw malformed(field, 'is cut short');
    length = 0;
    for (let i = 0; i < digits; i++) length = length * 256 + bytes[from + i]!;
    if (bytes[from] === 0 || length <= 55) throw malformed(field, 'has a length that is not minimal');
    from += digits;
  }
  if (from + length > limit) throw malformed(field, 'is cut short');
  if (first === 0x81 && bytes[from]! < 0x80) throw malformed(field, 'prefixes a single small byte');
  header.from = from;
  header.end = from + length;
}

function malformed(field: string, what: string): ChainError {
  return new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} is not canonical RLP: it ${what}` });
}
