// Goal: a schema moves only forward, once, whole, whoever else migrates at the same time, and never from a changed history.
// Method: real PostgreSQL, folders written by the test, and processes of their own that migrate one database at once.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pino from 'pino';
import { bundleWorker, testDatabase } from '@sheaf/testing';
import { migrate, openStore, type Store } from '../src/index.ts';

let database: { url: string; drop(): Promise<void> };
let store: Store;
let folder: string;
const file = (name: string, text: string) => writeFile(join(folder, name), text);

beforeEach(async () => {
  database = await testDatabase();
  store = openStore({ url: database.url, applicationName: 'test' }, { log: pino({ level: 'silent' }) });
  folder = await mkdtemp(join(tmpdir(), 'sheaf-migrations-'));
  await file('0001-first.sql', 'create table first (a int); insert into first values (1);');
});
afterEach(async () => {
  await store.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

test('applies the outbox and the files in order, once', async () => {
  await file('README.md', 'not a migration');
  await file('0002-second.sql', 'insert into first values (2)');
  expect(await migrate(store, folder)).toEqual({ applied: ['0000-outbox.sql', '0001-first.sql', '0002-second.sql'] });
  expect(await migrate(store, folder)).toEqual({ applied: [] });
  await file('0010-third.sql', 'insert into first values (3)');
  expect(await migrate(store, folder)).toEqual({ applied: ['0010-third.sql'] });
  expect(await store.query`select a from first order by a`).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }]);
});

test('a changed, a missing and an inserted file are refused', async () => {
  await file('0003-third.sql', 'select 1');
  await migrate(store, folder);
  await file('0001-first.sql', 'create table first (a int);');
  await expect(migrate(store, folder)).rejects.toThrow(
    'migration 0001-first.sql was changed after it had been applied',
  );
  await rm(join(folder, '0001-first.sql'));
  await expect(migrate(store, folder)).rejects.toThrow('migration 0001-first.sql is applied, but its file is missing');
  await file('0001-first.sql', 'create table first (a int); insert into first values (1);');
  await file('0002-late.sql', 'select 1');
  await expect(migrate(store, folder)).rejects.toMatchObject({
    detail: {
      code: 'CONFLICT',
      message: 'migration 0002-late.sql is new, but the later 0003-third.sql is applied already',
    },
  });
});

test('a failing file leaves nothing of itself or of its fellows', async () => {
  await file('0002-broken.sql', 'create table second (a int); select broken;');
  await expect(migrate(store, folder)).rejects.toThrow(
    'migration 0002-broken.sql failed: column "broken" does not exist',
  );
  expect(await store.query`select tablename from pg_tables where schemaname = 'public'`).toEqual([]);
});

test.each(['1-short.sql', '0002_underscore.sql', '0000-zero.sql', '0001-again.sql'])(
  'refuses the name %s',
  async (name) => {
    await file(name, 'select 1');
    await expect(migrate(store, folder)).rejects.toMatchObject({
      detail: { code: 'INVALID_ARGUMENT', field: 'migrations' },
    });
  },
);

test('three processes at once: each file is applied by exactly one of them', async () => {
  await file('0002-slow.sql', 'select pg_sleep(0.2); create table second (a int);');
  const program = await bundleWorker('libs/store/test/migrate-process.ts');
  const run = () => promisify(execFile)(process.execPath, [program, database.url, folder]);
  const outputs = await Promise.all([run(), run(), run()]);
  const applied = outputs.flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
  expect(applied.sort()).toEqual(['0000-outbox.sql', '0001-first.sql', '0002-slow.sql']);
});
