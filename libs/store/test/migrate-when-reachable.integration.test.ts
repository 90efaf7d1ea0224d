// Goal: a database that comes up late is waited for and then migrated; one that stays away, or that waiting does not mend, is an error.
// Method: a server started after the wait began, a port where nobody listens with a short patience, an abort, and a database that does not exist.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startPostgres, testDatabase } from '@sheaf/testing';
import pino from 'pino';
import { migrateWhenReachable, openStore, type Store } from '../src/index.ts';

const log = pino({ level: 'silent' });
const { signal } = new AbortController();
let folder: string;
const stores: Store[] = [];

function open(url: string): Store {
  const store = openStore({ url, applicationName: 'test' }, { log });
  stores.push(store);
  return store;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sheaf-migrations-'));
  await writeFile(join(folder, '0001-first.sql'), 'create table first (a int);');
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Calls back at the first refusal, so that the server is certain to come up too late for it. */
function tellingLog(onWait: () => void) {
  return pino({ level: 'warn' }, { write: onWait });
}

test('a server that comes up late is waited for', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'sheaf-late-'));
  const first = await startPostgres({ dataDir });
  await first.stop();
  const store = open(first.url);
  let starting: ReturnType<typeof startPostgres> | undefined;
  const start = () => void (starting ??= startPostgres({ dataDir, port: first.port }));
  try {
    const migrated = await migrateWhenReachable(store, folder, { signal, log: tellingLog(start) });
    expect(starting).toBeDefined();
    expect(migrated).toEqual({ applied: ['0000-outbox.sql', '0001-first.sql'] });
    await store.close();
  } finally {
    await (await starting)?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});

test('a server that stays away is UNAVAILABLE after the patience', async () => {
  const store = open(`postgres://nobody@127.0.0.1:${await freePort()}/nowhere`);
  const error: Error = await migrateWhenReachable(store, folder, { patienceMs: 100, signal, log }).catch((e) => e);
  expect(error).toMatchObject({ detail: { code: 'UNAVAILABLE' } });
  expect(error.message).toMatch(/\/nowhere does not answer: .*\(waited 0\.1 s\)/);
});

test('an abort ends the wait', async () => {
  const store = open(`postgres://nobody@127.0.0.1:${await freePort()}/nowhere`);
  const abort = new AbortController();
  const wait = migrateWhenReachable(store, folder, { signal: abort.signal, log: tellingLog(() => abort.abort()) });
  await expect(wait).rejects.toMatchObject({ detail: { code: 'UNAVAILABLE' } });
});

test('what waiting does not mend is thrown at once', async () => {
  const database = await testDatabase();
  try {
    const url = new URL(database.url);
    url.pathname = '/missing';
    const warned: string[] = [];
    const wait = migrateWhenReachable(open(url.href), folder, { signal, log: tellingLog(() => warned.push('waited')) });
    await expect(wait).rejects.toThrow('database "missing" does not exist');
    await writeFile(join(folder, '0002-broken.sql'), 'select broken');
    const broken = migrateWhenReachable(open(database.url), folder, { signal, log });
    await expect(broken).rejects.toThrow('migration 0002-broken.sql failed');
    expect(warned).toEqual([]);
  } finally {
    await rm(join(folder, '0002-broken.sql'), { force: true });
    await database.drop();
  }
});
