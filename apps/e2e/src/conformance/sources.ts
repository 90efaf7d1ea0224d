// Where fixtures come from: files, directories and archives, one file in memory at a time.
import { createReadStream, type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FixtureError } from './json.ts';
import { isTarHeader, readTar } from './tar.ts';

/** One JSON file, or why there is none. `name` is the path, with the archive's in front. */
export type Source = { name: string; bytes: Uint8Array } | { name: string; fault: string };

/** The largest fixture file known is 40 MB. */
const fileBytesMax = 256 * 1024 * 1024;
const archiveEntriesMax = 1_000_000;

/**
 * Every fixture file under the paths, in order. A path is a directory of any depth, a JSON file, or an archive; what a
 * file is is told from its content (gzip, tar), except that a directory's files of other names are passed over.
 * Symbolic links inside directories and archives are passed over. Never throws: what cannot be read is a fault.
 */
export async function* readSources(paths: readonly string[]): AsyncGenerator<Source> {
  for (const path of paths) {
    try {
      const stats = await stat(path);
      if (stats.isDirectory()) yield* readDirectory(path);
      else yield* readFileOrArchive(path);
    } catch (error) {
      yield { name: path, fault: faultOf(error) };
    }
  }
}

async function* readDirectory(root: string): AsyncGenerator<Source> {
  const waiting = [root];
  while (waiting.length > 0) {
    const folder = waiting.pop()!;
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      yield { name: folder, fault: faultOf(error) };
      continue;
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.isFile() && isFixtureName(entry.name)) yield* readFileOrArchive(join(folder, entry.name));
    }
    for (const entry of entries.reverse()) if (entry.isDirectory()) waiting.push(join(folder, entry.name));
  }
}

async function* readFileOrArchive(path: string): AsyncGenerator<Source> {
  try {
    const stream = peek(await unzip(peek(createReadStream(path))));
    if (isTarHeader(await stream.head(512))) {
      const limits = { entryBytesMax: fileBytesMax, entriesMax: archiveEntriesMax };
      for await (const { name, bytes } of readTar(stream, isJsonName, limits)) {
        yield await inner(`${path}/${name.replace(/^\.\//, '')}`, bytes);
      }
    } else {
      yield { name: path, bytes: await collect(stream) };
    }
  } catch (error) {
    yield { name: path, fault: faultOf(error) };
  }
}

/** A file of an archive, unzipped when it is zipped once more. */
async function inner(name: string, bytes: Uint8Array): Promise<Source> {
  try {
    return { name, bytes: isGzip(bytes) ? await collect(await unzip(peek(once(bytes)))) : bytes };
  } catch (error) {
    return { name, fault: faultOf(error) };
  }
}

function isFixtureName(name: string): boolean {
  return isJsonName(name) || /\.(tar|tgz|tar\.gz)$/i.test(name);
}

function isJsonName(name: string): boolean {
  return /\.json(\.gz)?$/i.test(name);
}

function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

type Peeked = AsyncIterable<Uint8Array> & { head(length: number): Promise<Uint8Array> };

async function unzip(stream: Peeked): Promise<AsyncIterable<Uint8Array>> {
  return isGzip(await stream.head(2)) ? gunzip(stream) : stream;
}

async function* gunzip(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unzipped = createGunzip();
  // An error of the source destroys `unzipped` with it, so its reader gets it; a reader that stops ends the source.
  pipeline(Readable.from(stream), unzipped, () => undefined);
  yield* unzipped;
}

/** The same stream with a look at its beginning. */
function peek(stream: AsyncIterable<Uint8Array>): Peeked {
  const chunks = stream[Symbol.asyncIterator]();
  let start: Uint8Array = new Uint8Array(0);
  return {
    async head(length) {
      while (start.length < length) {
        const { done, value } = await chunks.next();
        if (done === true) break;
        start = Buffer.concat([start, value]);
      }
      return start.subarray(0, length);
    },
    async *[Symbol.asyncIterator]() {
      try {
        if (start.length > 0) yield start;
        for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
      } finally {
        await chunks.return?.();
      }
    },
  };
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > fileBytesMax) throw new FixtureError(`the file is larger than ${fileBytesMax} bytes`);
    chunks.push(chunk);
  }
  // In memory of its own, so that it can be handed to a worker.
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function faultOf(error: unknown): string {
  if (error instanceof FixtureError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file or directory';
  if (code === 'EACCES') return 'the file may not be read';
  if (code?.startsWith('Z_') === true) return `the compressed data is broken: ${message}`;
  return message;
}
