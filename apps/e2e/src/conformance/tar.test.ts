// Goal: an archive is read as it is, within bounds, and a damaged one is refused with a sentence.
// Method: archives written by the system's tar (long names, links, empty files), read in chunks of odd sizes; then the
// same bytes cut short, damaged, or beyond a limit.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { isTarHeader, readTar, type TarEntry } from './tar.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sheaf-tar-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const longName = `${'deep/'.repeat(30)}${'n'.repeat(90)}.json`;
const files: Record<string, Buffer> = {
  'a.json': Buffer.from('{}'),
  'b/empty.json': Buffer.alloc(0),
  'b/block.json': Buffer.alloc(512, 7),
  'b/more.json': Buffer.alloc(70_001, 9),
  'b/other.txt': Buffer.alloc(3_000, 1),
  [longName]: Buffer.from('{"long":1}'),
};
const wanted = (name: string) => name.endsWith('.json');
const limits = { entryBytesMax: 1 << 20, entriesMax: 100 };

function makeTar(format: 'ustar' | 'gnu' | 'pax'): Buffer {
  const place = mkdtempSync(join(folder, 'archive-'));
  const source = join(place, 'files');
  for (const [name, content] of Object.entries(files)) {
    if (format === 'ustar' && name === longName) continue;
    mkdirSync(join(source, dirname(name)), { recursive: true });
    writeFileSync(join(source, name), content);
  }
  symlinkSync('/etc/hostname', join(source, 'link.json'));
  const archive = join(place, 'made.tar');
  execFileSync('tar', [`--format=${format}`, '--sort=name', '-cf', archive, '-C', source, '.']);
  return readFileSync(archive);
}

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: Uint8Array, chunk = 1_000, within = limits): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const entry of readTar(inChunks(bytes, chunk), wanted, within)) entries.push(entry);
  return entries;
}

it.each(['ustar', 'gnu', 'pax'] as const)('reads %s: wanted files only, whole, no links', async (format) => {
  const archive = makeTar(format);
  expect(isTarHeader(archive)).toBe(true);
  const expected = Object.entries(files).filter(([name]) => wanted(name) && !(format === 'ustar' && name === longName));
  for (const chunk of [97, 512, 100_000]) {
    const entries = await readAll(archive, chunk);
    expect(new Map(entries.map(({ name, bytes }) => [name.replace(/^\.\//, ''), Buffer.from(bytes)]))).toEqual(
      new Map(expected),
    );
  }
});

it('refuses an archive that is cut short', async () => {
  const archive = makeTar('gnu');
  const more = archive.indexOf(Buffer.alloc(1_000, 9));
  await expect(readAll(archive.subarray(0, more + 100))).rejects.toThrow(/cut short/);
  await expect(readAll(archive.subarray(0, 700))).rejects.toThrow(/cut short/);
});

it('refuses what is no archive, and more than its limits', async () => {
  await expect(readAll(Buffer.alloc(2_048, 3))).rejects.toThrow('the archive is broken: entry 0 has no valid header');
  const archive = makeTar('pax');
  await expect(readAll(archive, 1_000, { ...limits, entryBytesMax: 70_000 })).rejects.toThrow(
    /70001 bytes in the archive/,
  );
  await expect(readAll(archive, 1_000, { ...limits, entriesMax: 3 })).rejects.toThrow('more than 3 entries');
});

it('ends on any damage: with entries or with a sentence', async () => {
  const archive = makeTar('gnu');
  await fc.assert(
    fc.asyncProperty(fc.nat(archive.length - 1), fc.integer({ min: 0, max: 255 }), async (at, byte) => {
      const damaged = Uint8Array.from(archive);
      damaged[at] = byte;
      const outcome = await readAll(damaged, 4_096).catch((error: Error) => error.name);
      expect(outcome === 'FixtureError' || Array.isArray(outcome)).toBe(true);
    }),
    { numRuns: 50 },
  );
});
