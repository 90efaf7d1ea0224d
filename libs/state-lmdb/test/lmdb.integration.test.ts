// Goal: what LMDB has lasts, whole commits alone; a disk that is full or damaged is an error that says so, and loses
// nothing.
// Method: real environments in a temporary directory; a page changed by hand in the file; a process under a file size
// limit, which stands in for a full disk. Kills at any moment are apps/e2e's soak.
import { toHeight } from '@sheaf/primitives';
import { emptyCodeHashBytes, PartitionReader, PartitionState, stateTables, type BlockChanges } from '@sheaf/state';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorker } from '@sheaf/testing';
import { openLmdb, type LmdbKeyValue } from '../src/index.ts';
import { addressOf } from './address-of.ts';

let folder: string;
const opened: LmdbKeyValue[] = [];

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sheaf-state-lmdb-'))));
afterEach(async () => {
  await Promise.all(opened.splice(0).map((kv) => kv.close()));
  rmSync(folder, { recursive: true, force: true });
});

function open(): LmdbKeyValue {
  const kv = openLmdb({ dataDir: folder, tables: ['mine'] });
  opened.push(kv);
  return kv;
}

const text = (value: string) => new TextEncoder().encode(value);
const some = (balance: bigint): BlockChanges => ({
  accounts: Array.from({ length: 300 }, (_, n) => ({
    address: addressOf(n + 1),
    account: { nonce: 1n, balance, codeHash: emptyCodeHashBytes },
    storageWiped: false,
    slots: [],
  })),
  codes: new Map(),
});

test('rows come back in the order of their keys, as they were written, in every handle', () => {
  const kv = open();
  const other = open();
  kv.write([
    { table: 'mine', key: text('b'), value: text('2') },
    { table: 'mine', key: text('a'), value: new Uint8Array(0) },
    { table: 'mine', key: text('c'), value: new Uint8Array(100_000).fill(7) },
  ]);
  kv.write([{ table: 'mine', key: text('d'), value: text('4') }]);
  other.refresh();
  for (const handle of [kv, other]) {
    expect(handle.range('mine', text('a'), undefined, 9).map(({ key }) => String.fromCharCode(...key))).toEqual([
      ...'abcd',
    ]);
    expect(handle.range('mine', text('b'), text('d'), 1)).toEqual([{ key: text('b'), value: text('2') }]);
    expect(handle.get('mine', text('a'))).toEqual(new Uint8Array(0));
    expect(handle.get('mine', text('c'))?.every((byte) => byte === 7)).toBe(true);
    expect(handle.get('mine', text('e'))).toBeUndefined();
  }
  kv.write([{ table: 'mine', key: text('b'), value: undefined }]);
  expect(kv.get('mine', text('b'))).toBeUndefined();
  const copy = kv.get('mine', text('c'))!.slice();
  kv.get('mine', text('d'));
  expect(copy[0]).toBe(7);
});

test('a write that throws half-way changes nothing', () => {
  const kv = open();
  const broken = [
    { table: 'mine', key: text('a'), value: text('1') },
    { table: 'none', key: text('b'), value: text('2') },
  ];
  expect(() => kv.write(broken)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  expect(kv.get('mine', text('a'))).toBeUndefined();
  kv.write(broken.slice(0, 1));
  expect(kv.get('mine', text('a'))).toEqual(text('1'));
});

test('every byte of a row that the disk changed is DATA_LOSS, never another state', async () => {
  const kv = open();
  const state = new PartitionState(kv);
  state.commit(state.prepare(some(5n)), { height: toHeight(0) });
  while (state.maintain({ idle: true }));
  const root = state.stateRoot();
  await opened.pop()!.close();
  const file = join(folder, 'data.mdb');
  const good = readFileSync(file);
  // Where the accounts' rows are: a record is `04 01 05`, its checksum after it.
  const places: number[] = [];
  for (
    let at = good.indexOf(Buffer.from([0x04, 0x01, 0x05]));
    at >= 0;
    at = good.indexOf(Buffer.from([0x04, 0x01, 0x05]), at + 1)
  ) {
    places.push(at);
  }
  expect(places.length).toBeGreaterThanOrEqual(300);
  let noticed = 0;
  for (const [index, place] of places.entries()) {
    if (index % 40 !== 0) continue;
    const bad = Buffer.from(good);
    bad[place + 2]! ^= 0x10;
    writeFileSync(file, bad);
    const damaged = open();
    const reader = new PartitionReader(damaged);
    for (const { address } of some(5n).accounts) {
      try {
        const account = reader.at(toHeight(0)).account(address);
        expect(account).toMatchObject({ balance: 5n });
      } catch (error) {
        expect(error).toMatchObject({ code: 'DATA_LOSS' });
        noticed += 1;
      }
    }
    await opened.pop()!.close();
  }
  expect(noticed).toBeGreaterThan(0);
  writeFileSync(file, good);
  expect(new PartitionState(open()).stateRoot()).toBe(root);
});

test('branches that are not those of the head are found out when the store is opened', () => {
  const kv = open();
  const state = new PartitionState(kv);
  state.commit(state.prepare(some(5n)), { height: toHeight(0) });
  while (state.maintain({ idle: true }));
  const [branch] = kv.range(stateTables.branches, new Uint8Array(1), undefined, 1);
  kv.write([{ table: stateTables.branches, key: branch!.key, value: undefined }]);
  expect(() => new PartitionState(kv)).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
});

test('a disk that is full: the commit fails whole, what was there is read, and it goes on when there is room', async () => {
  const program = await bundleWorker('libs/state-lmdb/test/fill-disk.ts');
  const limited = spawnSync(
    'bash',
    ['-c', `trap '' XFSZ; ulimit -f 2048; exec "$0" "$@"`, process.execPath, program, folder],
    {
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  // LMDB itself tells of it on stderr.
  expect(limited.stderr).toMatch(/^(Write error: [^\n]*)?$/);
  const { head, code, root, message } = JSON.parse(limited.stdout) as Record<string, string>;
  expect(code).toBe('UNAVAILABLE');
  expect(message).toContain('could not be written');
  const state = new PartitionState(open());
  expect([state.head(), state.stateRoot()]).toEqual([BigInt(head!), root]);
  state.commit(state.prepare(some(9n)), { height: toHeight(BigInt(head!) + 1n) });
  while (state.maintain({ idle: true }));
  expect(state.head()).toBe(BigInt(head!) + 1n);
}, 90_000);

test('a directory that is a file is one clear error', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => openLmdb({ dataDir: file })).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
});
