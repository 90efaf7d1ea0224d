// Goal: what a committed transaction appended is announced, in order, whatever happens to bus and database; what was rolled back is not.
// Method: real PostgreSQL and NATS; the test stops NATS, cuts database sessions, and makes the bus lie about acknowledgements.
import pino from 'pino';
import { Registry } from 'prom-client';
import { connectBus, type Bus } from '@sheaf/bus';
import { startNats, testDatabase, testNatsUrl, testStreamPrefix, waitFor } from '@sheaf/testing';
import { appendOutbox, migrate, openStore, outboxPendingMax, startOutboxRelay, type Store } from '../src/index.ts';

const log = pino({ level: 'silent' });
const migrations = __dirname;
const closers: (() => Promise<unknown>)[] = [];
let database: { url: string; drop(): Promise<void> };
let store: Store;

beforeEach(async () => {
  database = await testDatabase();
  store = openStore({ url: database.url, applicationName: 'outbox' }, { log });
  await migrate(store, migrations);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await store.close();
  await database.drop();
});

async function bus(url = testNatsUrl()): Promise<Bus> {
  const made = await connectBus({ url, streamPrefix: testStreamPrefix(), name: 'test' }, { log });
  closers.push(() => made.close());
  return made;
}

async function collect(from: Bus): Promise<string[]> {
  const bodies: string[] = [];
  await from.subscribe('payloads', ({ body }) => void bodies.push(Buffer.from(body).toString()));
  return bodies;
}

function relay(to: Bus, options: { batchMax?: number; pollMs?: number } = {}, metrics?: Registry) {
  const running = startOutboxRelay(options, { store, bus: to, log, ...(metrics ? { metrics } : {}) });
  closers.push(() => running.stop());
  return running;
}

const append = (...names: string[]) =>
  store.transact((tx) =>
    appendOutbox(
      tx,
      names.map((name) => ({ topic: 'payloads' as const, id: name, body: Buffer.from(name) })),
    ),
  );

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `payload-${index}`);

test('committed messages are published in order and deleted; rolled back ones never', async () => {
  const to = await bus();
  const bodies = await collect(to);
  const running = relay(to, { batchMax: 7, pollMs: 3_600_000 });
  const names = numbered(50);
  for (const name of names) {
    await append(name);
    running.wake();
  }
  await expect(
    store.transact(async (tx) => {
      await appendOutbox(tx, [{ topic: 'payloads', id: 'undone', body: Buffer.from('undone') }]);
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await append('last');
  running.wake();
  await waitFor(() => bodies.includes('last'));
  expect(bodies).toEqual([...names, 'last']);
  await waitFor(async () => (await running.pending()) === 0);
});

test('what an earlier process left is published without a wake, and found by the poll', async () => {
  await append('left');
  const to = await bus();
  const bodies = await collect(to);
  const running = relay(to, { pollMs: 5 });
  await waitFor(() => bodies.length === 1);
  await append('found');
  await waitFor(() => bodies.length === 2);
  expect(await running.pending()).toBeLessThanOrEqual(1);
});

test('an acknowledgement that is lost leads to a second publication, which the bus drops', async () => {
  const to = await bus();
  const bodies = await collect(to);
  let lies = 3;
  const duplicates: string[] = [];
  const forgetful: Bus = {
    ...to,
    async publish(topic, message) {
      const stored = await to.publish(topic, message);
      if (stored.duplicate) duplicates.push(message.id);
      if (lies-- > 0) throw new Error('the acknowledgement was lost');
      return stored;
    },
  };
  const names = numbered(5);
  await append(...names);
  relay(forgetful);
  await waitFor(() => bodies.length === 5);
  await waitFor(async () => (await store.query`select 1 from outbox`).length === 0);
  expect(bodies).toEqual(names);
  expect(duplicates).toContain('payload-0');
});

test('NATS is away for a while: nothing is lost, and the metric tells how much waits', async () => {
  const first = await startNats();
  const to = await bus(first.url);
  const bodies = await collect(to);
  const metrics = new Registry();
  const running = relay(to, {}, metrics);
  await first.stop();
  await waitFor(() => !to.ready());
  await append(...numbered(3));
  running.wake();
  await waitFor(async () => (await metrics.metrics()).includes('sheaf_outbox_pending 3'));
  const second = await startNats({ port: first.port });
  closers.push(() => second.stop());
  await waitFor(() => bodies.length === 3, { timeoutMs: 30_000 });
  expect(bodies).toEqual(numbered(3));
  await waitFor(async () => (await running.pending()) === 0);
});

test('database sessions are cut again and again: nothing is lost, nothing arrives twice', async () => {
  const to = await bus();
  const bodies = await collect(to);
  const running = relay(to, { batchMax: 5, pollMs: 5 });
  const names = numbered(60);
  for (const [index, name] of names.entries()) {
    await waitFor(() => append(name).then(() => true));
    if (index % 10 !== 0) continue;
    await store.query`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.catch(() => undefined);
  }
  running.wake();
  await waitFor(() => bodies.length >= names.length);
  await waitFor(async () => (await running.pending()) === 0);
  expect(new Set(bodies)).toEqual(new Set(names));
  // An append whose commit was cut may have taken place and been repeated: its id is the same, so it arrives once.
  expect(bodies).toHaveLength(names.length);
});

test('messages that the bus would refuse are refused at once; too many that wait are overload', async () => {
  await expect(append('not printable')).rejects.toMatchObject({ detail: { field: 'message.id' } });
  await append('one');
  await store.query`select setval(pg_get_serial_sequence('outbox', 'sequence'), ${outboxPendingMax - 1})`;
  await append('fits');
  await expect(append('too many')).rejects.toMatchObject({ detail: { code: 'INVALID_ARGUMENT' } });
  await expect(append('too-many')).rejects.toMatchObject({ detail: { code: 'LIMIT', retryAfterMs: 1_000 } });
  expect(await store.query`select id from outbox order by sequence`).toEqual([{ id: 'one' }, { id: 'fits' }]);
});
