// Goal: the launchers start usable servers, stop them without a trace, and take over what a killed run left behind.
// Method: real PostgreSQL and NATS on ephemeral ports; processes are looked up by pid.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import {
  bundleWorker,
  freePort,
  startNats,
  startPostgres,
  testDatabase,
  testNatsUrl,
  testStreamPrefix,
  waitFor,
} from '../src/index.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sheaf-launch-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function ask<T>(url: string, run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

test('a run has one PostgreSQL: two test databases are on it, empty and apart', async () => {
  const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
  await ask(one!.url, (sql) => sql`create table only_here (a int)`);
  const tables = await ask(two!.url, (sql) => sql`select 1 from pg_tables where tablename = 'only_here'`);
  expect(tables).toHaveLength(0);
  expect(new URL(one!.url).port).toBe(new URL(two!.url).port);
  await one!.drop();
  await two!.drop();
  await expect(ask(one!.url, (sql) => sql`select 1`)).rejects.toMatchObject({ code: '3D000' });
});

test('names of streams differ and NATS is there', () => {
  expect(testStreamPrefix()).not.toBe(testStreamPrefix());
  expect(testNatsUrl()).toMatch(/^nats:\/\//);
});

test('a persistent PostgreSQL syncs, keeps its data over a kill -9, and goes away on stop', async () => {
  const dataDir = join(dir, 'data');
  const port = await freePort();
  const first = await startPostgres({ dataDir, port, persistent: true });
  expect(first.port).toBe(port);
  const [settings] = await ask(
    first.url,
    (sql) => sql`select current_setting('fsync') as fsync, current_setting('listen_addresses') as host`,
  );
  expect(settings).toEqual({ fsync: 'on', host: '127.0.0.1' });
  await ask(first.url, async (sql) => {
    await sql`create table kept (a int)`;
    await sql`insert into kept values (7)`;
  });
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  expect(await readdir(dataDir)).toContain('postmaster.pid');
  const second = await startPostgres({ dataDir, port, persistent: true });
  expect(second.url).toBe(first.url);
  expect(await ask(second.url, (sql) => sql`select a from kept`)).toEqual([{ a: 7 }]);
  await second.stop();
  expect(alive(second.pid)).toBe(false);
  expect(await readdir(dataDir)).not.toContain('postmaster.pid');
});

test('a directory still served by an orphan is taken over', async () => {
  const dataDir = join(dir, 'data');
  const orphan = await startPostgres({ dataDir, persistent: true });
  const heir = await startPostgres({ dataDir, persistent: true });
  await orphan.exited;
  expect(await ask(heir.url, (sql) => sql`select 1 as one`)).toEqual([{ one: 1 }]);
  await heir.stop();
});

test('a taken port is one clear sentence', async () => {
  const nats = await startNats();
  await expect(startPostgres({ port: nats.port })).rejects.toThrow(
    `port ${nats.port} of 127.0.0.1, wanted for PostgreSQL, is taken`,
  );
  await expect(startNats({ port: nats.port })).rejects.toThrow(
    `port ${nats.port} of 127.0.0.1, wanted for NATS, is taken`,
  );
  await nats.stop();
  expect(alive(nats.pid)).toBe(false);
  await nats.stop();
});

test('NATS restarts on the same port and directory after kill -9', async () => {
  const first = await startNats({ dataDir: join(dir, 'nats') });
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const second = await startNats({ dataDir: join(dir, 'nats'), port: first.port });
  expect(second.url).toBe(first.url);
  await second.stop();
});

test('waitFor names what did not happen', async () => {
  await expect(waitFor(() => false, { timeoutMs: 5, what: 'the impossible' })).rejects.toThrow(
    'the impossible did not hold within 5 ms',
  );
});

test('servers end when the process that started them is killed', async () => {
  const program = await bundleWorker('libs/testing/test/orphan-process.ts');
  const parent = spawn(process.execPath, [program, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pids = JSON.parse(line.toString()) as number[];
  expect(pids.map(alive)).toEqual([true, true]);
  parent.kill('SIGKILL');
  await waitFor(() => !pids.some(alive), { what: 'the end of both servers' });
});

test('bundleWorker builds once a run, into a file that finds the packages left out of it', async () => {
  const program = await bundleWorker('libs/testing/test/orphan-process.ts');
  expect(await bundleWorker('libs/testing/test/orphan-process.ts')).toBe(program);
  expect(createRequire(program).resolve('secp256k1')).toContain('node_modules');
});
