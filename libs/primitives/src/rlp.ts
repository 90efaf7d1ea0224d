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
    readHeader(bytes, start, bytes.length, field, this.#header);
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

  /** The next item with what is inside of it. */
  item(): RlpItem {
    const start = this.#at;
    return decodeRlp(this.#bytes.subarray(start, this.#next().end), this.#field);
  }

  #next(): RlpHeader {
    readHeader(this.#bytes, this.#at, this.#end, this.#field, this.#header);
    this.#at = this.#header.end;
    return this.#header;
  }
}

/** Where what an item holds begins, and where it ends. */
interface RlpHeader {
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
  readHeader(bytes, start, limit, field, header);
  const { from, end } = header;
  if (bytes[start]! < 0xc0) return bytes.subarray(from, end);
  const items: RlpItem[] = [];
  for (let at = from; at < end; at = header.end) items.push(decodeAt(bytes, at, end, depth + 1, field, header));
  header.end = end;
  return items;
}

function readHeader(bytes: Uint8Array, start: number, limit: number, field: string, header: RlpHeader): void {
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
