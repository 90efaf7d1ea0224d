// Goal: announcements arrive in order and at most once, over lost consumers, streams and servers, and what was missed is told.
// Method: a real NATS server; the test deletes and kills behind the bus's back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import pino from 'pino';
import { Registry } from 'prom-client';
import { freePort, startNats, testNatsUrl, testStreamPrefix, waitFor } from '@sheaf/testing';
import { busBodyBytesMax, connectBus, type Bus, type BusGap } from '../src/index.ts';

const log = pino({ level: 'silent' });
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function bus(url = testNatsUrl(), streamPrefix = testStreamPrefix(), metrics?: Registry): Promise<Bus> {
  const made = await connectBus({ url, streamPrefix, name: 'test' }, { log, ...(metrics ? { metrics } : {}) });
  closers.push(() => made.close());
  return made;
}

async function administrator(url = testNatsUrl()): Promise<{ connection: NatsConnection; manager: JetStreamManager }> {
  const connection = await connect({ servers: url });
  closers.push(() => connection.close());
  return { connection, manager: await connection.jetstreamManager() };
}

/** Subscribes and collects what comes. */
async function collect(from: Bus, topic: 'blocks' | 'payloads' = 'blocks') {
  const bodies: string[] = [];
  const gaps: BusGap[] = [];
  const subscription = await from.subscribe(topic, ({ body }) => void bodies.push(Buffer.from(body).toString()), {
    onGap: (gap) => gaps.push(gap),
  });
  return { bodies, gaps, subscription };
}

const message = (text: string) => ({ id: text, body: Buffer.from(text) });

/** Publishes as the outbox does: again and again until it is stored. */
async function publishSurely(to: Bus, text: string): Promise<void> {
  await waitFor(() => to.publish('blocks', message(text)).then(() => true), { what: `publishing ${text}` });
}

test('new messages arrive in order, once, whatever the number of publications', async () => {
  const metrics = new Registry();
  const one = await bus(testNatsUrl(), testStreamPrefix(), metrics);
  await one.publish('blocks', message('before'));
  const { bodies, gaps, subscription } = await collect(one);
  const names = Array.from({ length: 200 }, (_, index) => `block-${index}`);
  for (const name of names) await one.publish('blocks', message(name));
  expect(await one.publish('blocks', message('block-7'))).toMatchObject({ duplicate: true, sequence: 9 });
  await one.publish('payloads', message('another-topic'));
  await one.publish('blocks', message('last'));
  await waitFor(() => bodies.includes('last'));
  expect(bodies).toEqual([...names, 'last']);
  expect(gaps).toEqual([]);
  await subscription.stop();
  await one.publish('blocks', message('after'));
  expect(bodies).not.toContain('after');
  expect(await metrics.metrics()).toContain('sheaf_bus_ready 1');
});

test('a handler that throws does not end the subscription; a slow one is not called twice at a time', async () => {
  const one = await bus();
  const seen: number[] = [];
  let inside = 0;
  await one.subscribe('blocks', async ({ sequence }) => {
    inside += 1;
    expect(inside).toBe(1);
    await new Promise<void>((resolve) => setImmediate(resolve));
    inside -= 1;
    seen.push(sequence);
    if (sequence === 2) throw new Error('boom');
  });
  for (let index = 1; index <= 5; index++) await one.publish('blocks', message(`m${index}`));
  await waitFor(() => seen.length === 5);
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

test('the stream is deleted mid-way: publishing and subscribing go on, and the gap is told', async () => {
  const prefix = testStreamPrefix();
  const one = await bus(testNatsUrl(), prefix);
  const { manager } = await administrator();
  const { bodies, gaps } = await collect(one);
  await one.publish('blocks', message('a'));
  await one.publish('blocks', message('b'));
  await waitFor(() => bodies.length === 2);
  await manager.streams.delete(`${prefix}-blocks`);
  await one.publish('blocks', message('c'));
  await one.publish('blocks', message('d'));
  await waitFor(() => bodies.length === 4);
  expect(bodies).toEqual(['a', 'b', 'c', 'd']);
  expect(gaps).toEqual([{ from: 0, to: 0 }]);
});

test('the consumer is deleted behind our back: nothing is lost, and a message removed meanwhile is a gap', async () => {
  const prefix = testStreamPrefix();
  const one = await bus(testNatsUrl(), prefix);
  const { manager } = await administrator();
  const { bodies, gaps } = await collect(one);
  await one.publish('blocks', message('a'));
  await waitFor(() => bodies.length === 1);
  for await (const { name } of manager.consumers.list(`${prefix}-blocks`))
    await manager.consumers.delete(`${prefix}-blocks`, name);
  for (const text of ['b', 'c', 'd']) await one.publish('blocks', message(text));
  await manager.streams.deleteMessage(`${prefix}-blocks`, 3);
  await waitFor(() => bodies.length === 3);
  expect(bodies).toEqual(['a', 'b', 'd']);
  expect(gaps).toEqual([{ from: 3, to: 3 }]);
});

test('the server is killed and comes back on the same port and directory', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'sheaf-bus-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const first = await startNats({ dataDir });
  const one = await bus(first.url);
  const { bodies } = await collect(one);
  await one.publish('blocks', message('a'));
  await waitFor(() => bodies.length === 1);
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  await waitFor(() => !one.ready());
  await expect(one.publish('blocks', message('lost'))).rejects.toMatchObject({ detail: { code: 'UNAVAILABLE' } });
  const second = await startNats({ dataDir, port: first.port });
  closers.push(() => second.stop());
  await publishSurely(one, 'b');
  await publishSurely(one, 'c');
  await waitFor(() => bodies.includes('c'));
  expect(bodies).toEqual(['a', 'b', 'c']);
  expect(one.ready()).toBe(true);
});

test('the server comes back with an empty disk: the streams are made again', async () => {
  const first = await startNats();
  const one = await bus(first.url);
  const { bodies, gaps } = await collect(one);
  await publishSurely(one, 'a');
  await waitFor(() => bodies.length === 1);
  await first.stop();
  const second = await startNats({ port: first.port });
  closers.push(() => second.stop());
  await publishSurely(one, 'b');
  await waitFor(() => bodies.length === 2);
  expect(gaps).toEqual([{ from: 0, to: 0 }]);
});

test('a server that is not there yet is no error: the bus gets ready when it comes', async () => {
  const port = await freePort();
  const one = await bus(`nats://127.0.0.1:${port}`);
  expect(one.ready()).toBe(false);
  await expect(one.publish('blocks', message('early'))).rejects.toThrow('NATS is away');
  const subscribing = collect(one);
  const nats = await startNats({ port });
  closers.push(() => nats.stop());
  const { bodies } = await subscribing;
  await waitFor(() => one.ready());
  // The subscription begins with the server; a message sent before it began is not "new".
  await waitFor(async () => {
    await one.publish('blocks', message(`try-${performance.now()}`));
    return bodies.length > 0;
  });
});

test('bad messages and names are refused by name', async () => {
  const one = await bus();
  await expect(one.publish('blocks', { id: 'a b', body: Buffer.alloc(1) })).rejects.toMatchObject({
    detail: { code: 'INVALID_ARGUMENT', field: 'message.id' },
  });
  await expect(one.publish('blocks', { id: 'big', body: Buffer.alloc(busBodyBytesMax + 1) })).rejects.toMatchObject({
    detail: { code: 'INVALID_ARGUMENT', field: 'message.body' },
  });
  await expect(
    one.publish('blocks', { id: 'x'.repeat(256), body: Buffer.alloc(busBodyBytesMax) }),
  ).resolves.toMatchObject({
    sequence: 1,
  });
  await expect(bus(testNatsUrl(), 'no.dots')).rejects.toMatchObject({ detail: { field: 'streamPrefix' } });
});
