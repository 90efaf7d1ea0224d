// A streaming reader of tar archives: POSIX ustar, with the long names of pax and of GNU. One entry is in memory at a
// time. Links, devices and whatever else is not a regular file are passed over, so nothing can point out of the archive.
import { FixtureError } from './json.ts';

export interface TarEntry {
  name: string;
  bytes: Uint8Array;
}

export interface TarLimits {
  /** An entry that is wanted and larger is an error. */
  entryBytesMax: number;
  entriesMax: number;
}

const blockBytes = 512;
/** A long name or a pax record. */
const metadataBytesMax = 1 << 20;

/** True when the 512 bytes are a tar header, by its checksum. */
export function isTarHeader(block: Uint8Array): boolean {
  if (block.length < blockBytes || isZero(block)) return false;
  const stored = octal(block, 148, 8);
  let sum = 0;
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 0x20 : block[i]!;
  return stored === sum;
}

/**
 * The regular files whose name is `wanted`, in the archive's order.
 * @throws FixtureError when the archive is cut short, is no archive or is beyond a limit
 */
export async function* readTar(
  stream: AsyncIterable<Uint8Array>,
  wanted: (name: string) => boolean,
  limits: TarLimits,
): AsyncGenerator<TarEntry> {
  const input = new BlockReader(stream);
  let longName: string | undefined;
  let paxSize: number | undefined;
  for (let entries = 0; ; entries += 1) {
    const header = await input.read(blockBytes);
    if (header === undefined || isZero(header)) return;
    if (!isTarHeader(header)) throw new FixtureError(`the archive is broken: entry ${entries} has no valid header`);
    if (entries >= limits.entriesMax) throw new FixtureError(`the archive has more than ${limits.entriesMax} entries`);
    const size = paxSize ?? octal(header, 124, 12);
    const name = longName ?? headerName(header);
    const type = String.fromCharCode(header[156]!);
    if (!Number.isSafeInteger(size)) throw new FixtureError(`the archive is broken: the size of ${name} is no number`);
    if (type === 'L' || type === 'x') {
      if (size > metadataBytesMax) throw new FixtureError('the archive has a name that is too long');
      const content = await input.readPadded(size, name);
      if (type === 'L') longName = text(content, 0, content.length);
      else ({ path: longName = longName, size: paxSize } = paxFields(content));
      continue;
    }
    longName = paxSize = undefined;
    const isFile = type === '0' || type === '\0';
    if (!isFile || !wanted(name)) {
      await input.skipPadded(size, name);
      continue;
    }
    if (size > limits.entryBytesMax)
      throw new FixtureError(`${name} is ${size} bytes in the archive; at most ${limits.entryBytesMax} are read`);
    yield { name, bytes: await input.readPadded(size, name) };
  }
}

class BlockReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes in an array of their own; `undefined` when the stream is at its end. */
  async read(length: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const part = await this.#take(length - filled);
      if (part === undefined) {
        if (filled === 0) return undefined;
        throw new FixtureError('the archive is cut short');
      }
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  async readPadded(size: number, name: string): Promise<Uint8Array> {
    const bytes = size === 0 ? new Uint8Array(0) : await this.read(size);
    if (bytes === undefined) throw new FixtureError(`the archive is cut short in ${name}`);
    await this.#skip(padding(size), name);
    return bytes;
  }

  async skipPadded(size: number, name: string): Promise<void> {
    await this.#skip(size + padding(size), name);
  }

  async #skip(length: number, name: string): Promise<void> {
    for (let left = length; left > 0;) {
      const part = await this.#take(left);
      if (part === undefined) throw new FixtureError(`the archive is cut short in ${name}`);
      left -= part.length;
    }
  }

  async #take(lengthMax: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return undefined;
      this.#chunk = value;
    }
    const part = this.#chunk.subarray(0, lengthMax);
    this.#chunk = this.#chunk.subarray(part.length);
    return part;
  }
}

function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

function headerName(header: Uint8Array): string {
  const prefix = text(header, 257, 262) === 'ustar' && header[262] === 0 ? text(header, 345, 500) : '';
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Octal digits, or GNU's base 256 for large values; NaN when it is neither. */
function octal(block: Uint8Array, at: number, length: number): number {
  if ((block[at]! & 0x80) !== 0) {
    let value = block[at]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + block[at + i]!;
    return value;
  }
  const digits = text(block, at, at + length).trim();
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? parseInt(digits, 8) : NaN;
}

/** Up to the first zero byte. */
function text(bytes: Uint8Array, from: number, to: number): string {
  const part = bytes.subarray(from, to);
  const end = part.indexOf(0);
  return Buffer.from(end < 0 ? part : part.subarray(0, end)).toString('utf8');
}

/** Records of `length key=value\n` (POSIX.1-2001). */
function paxFields(content: Uint8Array): { path?: string; size: number | undefined } {
  const fields: { path?: string; size: number | undefined } = { size: undefined };
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(text(content, at, space));
    if (!(length > 0)) throw new FixtureError('the archive is broken: a pax header has no length');
    const [, key, value] = /^([^=]*)=([^]*)\n$/.exec(text(content, space + 1, at + length)) ?? [];
    if (key === 'path' && value !== undefined) fields.path = value;
    if (key === 'size') fields.size = Number(value);
    at += length;
  }
  return fields;
}
