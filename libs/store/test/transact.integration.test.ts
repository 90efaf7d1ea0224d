// Goal: a transaction is all or nothing, also when its backend is killed: nothing of it is ever seen, and no stranger's is touched.
// Method: real PostgreSQL; the test terminates backends at every point of a transaction, and lets the orphaned callback go on.
import { connect as connectTo, createServer, type AddressInfo } from 'node:net';
import pino from 'pino';
import { Registry } from 'prom-client';
import { freePort, testDatabase, waitFor } from '@sheaf/testing';
import { isUniqueViolation, openStore, type Store, type Tx } from '../src/index.ts';

const log = pino({ level: 'silent' });
let database: { url: string; drop(): Promise<void> };
let store: Store;
const opened: Store[] = [];

function open(transactionConnectionsMax = 1, metrics?: Registry): Store {
  const options = { url: database.url, applicationName: 'test', transactionConnectionsMax };
  const made = openStore(options, { log, ...(metrics ? { metrics } : {}) });
  opened.push(made);
  return made;
}

beforeAll(async () => {
  database = await testDatabase();
  store = open();
  await store.query`create table things (id bigint primary key, body bytea, note text)`;
});
beforeEach(() => store.query`truncate things`);
afterAll(async () => {
  await Promise.all(opened.map((each) => each.close()));
  await database.drop();
});

const ids = async () => (await store.query<{ id: bigint }[]>`select id from things order by id`).map(({ id }) => id);
const pidOf = async (tx: Tx) => (await tx<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]!.pid;
const kill = (pid: number) => store.query`select pg_terminate_backend(${pid}, 5000)`;
const insert = (tx: Tx, id: number) => tx`insert into things (id) values (${id})`;

/** A promise with its resolver. */
function gate() {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}

test('integers, bytes, arrays, JSON and rows go in and come out', async () => {
  const rows = [
    { id: 2n ** 63n - 1n, body: Uint8Array.of(0, 255), note: 'größte' },
    { id: 1n, body: new Uint8Array(0), note: null },
  ];
  await store.query`insert into things ${store.query(rows, 'id', 'body', 'note')}`;
  const found = await store.query`select * from things where id in ${store.query([1n, 2n ** 63n - 1n])} order by id`;
  expect(found).toEqual([
    { id: 1n, body: Buffer.alloc(0), note: null },
    { id: 2n ** 63n - 1n, body: Buffer.from([0, 255]), note: 'größte' },
  ]);
  for (const numbers of [[], [7], [-(2 ** 31), 0, 2 ** 31 - 1]]) {
    expect(await store.query`select ${store.query.int4s(numbers)} as numbers`).toEqual([{ numbers }]);
  }
  const [{ bodies }] = (await store.query`select array(select body from things order by id) as bodies`) as [
    { bodies: Buffer[] },
  ];
  expect(bodies).toEqual([Buffer.alloc(0), Buffer.from([0, 255])]);
  expect(await store.query`select array(select body from things where id = 2) as bodies`).toEqual([{ bodies: [] }]);
  expect(await store.query`select id from things where id in ${store.query([1n, 2n])}`).toEqual([{ id: 1n }]);
  expect(await store.query`select ${store.query.json({ a: 1 })}::jsonb as j`).toEqual([{ j: { a: 1 } }]);
});

test('commits what resolves, rolls back what rejects, and passes its error on', async () => {
  expect(await store.transact(async (tx) => (await insert(tx, 1)).count)).toBe(1);
  const boom = new Error('boom');
  await expect(
    store.transact(async (tx) => {
      await insert(tx, 2);
      throw boom;
    }),
  ).rejects.toBe(boom);
  const refused = await store.transact((tx) => insert(tx, 1)).catch((error: unknown) => error);
  expect(isUniqueViolation(refused, 'things_pkey')).toBe(true);
  expect(isUniqueViolation(refused, 'another')).toBe(false);
  expect(await ids()).toEqual([1n]);
});

test('nothing that bypasses a transaction is offered', () => {
  for (const name of ['begin', 'reserve', 'listen', 'savepoint', 'notify'])
    expect(store.query).not.toHaveProperty(name);
});

test('a backend killed while its callback waits: the orphan can do nothing, and the next transaction on the lane is whole', async () => {
  const resume = gate();
  const killed = gate();
  const outcomes: unknown[] = [];
  const orphan = store.transact(async (tx) => {
    await insert(tx, 1);
    const prepared = insert(tx, 2);
    await kill(await pidOf(tx));
    killed.open();
    await resume.passed;
    for (const attempt of [
      () => prepared,
      () => insert(tx, 3),
      () => tx.unsafe('commit'),
      () => tx.unsafe('rollback'),
    ]) {
      await attempt().then(
        () => outcomes.push('ran'),
        (error: unknown) => outcomes.push((error as { code?: string }).code),
      );
    }
    return 'the orphan ended well';
  });
  await expect(orphan).rejects.toMatchObject({ detail: { code: 'UNAVAILABLE' } });
  await killed.passed;
  // The stranger runs on the same lane; the orphan goes on in the middle of it.
  await store.transact(async (tx) => {
    await insert(tx, 10);
    resume.open();
    await waitFor(() => outcomes.length === 4);
    await insert(tx, 11);
  });
  expect(outcomes).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
  expect(await ids()).toEqual([10n, 11n]);
});

test('a backend killed mid-transaction, with an orphan that rejects: no ROLLBACK hits the stranger', async () => {
  const resume = gate();
  const resumed = gate();
  const orphan = store.transact(async (tx) => {
    await insert(tx, 1);
    await kill(await pidOf(tx));
    await resume.passed;
    resumed.open();
    throw new Error('the orphan gives up');
  });
  await expect(orphan).rejects.toMatchObject({ detail: { code: 'UNAVAILABLE' } });
  await store.transact(async (tx) => {
    await insert(tx, 10);
    resume.open();
    await resumed.passed;
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let query = 0; query < 5; query++) await tx`select 1`;
    await insert(tx, 11);
  });
  expect(await ids()).toEqual([10n, 11n]);
});

test('a backend killed while a query runs, and while many are queued', async () => {
  const pid = gate();
  let backend = 0;
  const running = store.transact(async (tx) => {
    backend = await pidOf(tx);
    await insert(tx, 1);
    pid.open();
    await Promise.all([tx`select pg_sleep(60)`, ...Array.from({ length: 300 }, (_, index) => insert(tx, 100 + index))]);
  });
  const outcome = expect(running).rejects.toMatchObject({ detail: { code: 'UNAVAILABLE' } });
  await pid.passed;
  await kill(backend);
  await outcome;
  await store.transact((tx) => insert(tx, 10));
  expect(await ids()).toEqual([10n]);
});

test('killed at random points, every transaction is whole or absent', async () => {
  const many = open(4);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, index) =>
      many.transact(async (tx) => {
        await insert(tx, 2 * index);
        if (index % 3 === 0) await kill(await pidOf(tx));
        await insert(tx, 2 * index + 1);
      }),
    ),
  );
  const expected = outcomes.flatMap(({ status }, index) =>
    status === 'fulfilled' ? [BigInt(2 * index), BigInt(2 * index + 1)] : [],
  );
  expect(outcomes.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(20);
  expect(await ids()).toEqual(expected);
});

test('a handle that outlives its transaction is refused', async () => {
  let leaked: Tx | undefined;
  await store.transact(async (tx) => {
    leaked = tx;
    await insert(tx, 1);
  });
  await expect(insert(leaked!, 2)).rejects.toMatchObject({ detail: { code: 'INTERNAL' } });
  expect(await ids()).toEqual([1n]);
});

test('waiting transactions are counted and bounded', async () => {
  const metrics = new Registry();
  const narrow = open(1, metrics);
  const release = gate();
  const first = narrow.transact(async () => release.passed);
  const waiting = Array.from({ length: 1_000 }, () => narrow.transact((tx) => tx`select 1`));
  await expect(narrow.transact((tx) => tx`select 1`)).rejects.toMatchObject({
    detail: { code: 'LIMIT', retryAfterMs: 100 },
  });
  expect(await metrics.metrics()).toContain('sheaf_store_transactions_waiting 1000');
  release.open();
  await first;
  await Promise.all(waiting);
});

test('a database that is not there is told by ping, without its password', async () => {
  const url = `postgres://user:hidden@127.0.0.1:${await freePort()}/nowhere`;
  const absent = openStore({ url, applicationName: 'test' }, { log });
  const error = (await absent.ping().catch((thrown: unknown) => thrown)) as Error;
  expect(error).toMatchObject({ detail: { code: 'UNAVAILABLE' } });
  expect(error.message).toContain('/nowhere does not answer');
  expect(error.message).not.toContain('hidden');
  await absent.close();
});

test('a session that is cut at its first statement fails that statement, and nothing that nobody awaits', async () => {
  const unheard = jest.fn();
  process.on('unhandledRejection', unheard);
  const proxy = await startCuttingProxy(new URL(database.url), 5);
  const cut = openStore({ url: proxy.url, applicationName: 'test' }, { log });
  for (let statement = 0; statement < 5; statement++) {
    const running = statement % 2 === 0 ? cut.ping() : cut.transact((tx) => insert(tx, 1));
    await expect(running).rejects.toMatchObject({ detail: { code: 'UNAVAILABLE' } });
  }
  await cut.transact((tx) => insert(tx, 2));
  await cut.ping();
  expect(await ids()).toEqual([2n]);
  await cut.close();
  proxy.close();
  await new Promise(setImmediate);
  process.off('unhandledRejection', unheard);
  expect(unheard).not.toHaveBeenCalled();
});

/** Before the database, at `url`: its first `cuts` connections end when the client says more than who it is. */
async function startCuttingProxy(to: URL, cuts: number): Promise<{ url: string; close(): void }> {
  const parse = 'P'.charCodeAt(0);
  let left = cuts;
  const server = createServer((client) => {
    const upstream = connectTo(Number(to.port), to.hostname);
    client.on('data', (data) => {
      if (data[0] !== parse || left === 0) return void upstream.write(data);
      left--;
      client.destroy();
    });
    upstream.on('data', (data) => client.write(data));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(to);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return { url: url.href, close: () => void server.close() };
}
