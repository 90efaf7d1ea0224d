// Goal: a stream both ways keeps order, pushes back, and ends once and typed, whichever side or accident ends it.
// Method: a real server of the lane's definition on a free port; handlers are the tests' own, and real clients.
import { ChainError } from '@sheaf/primitives';
import { laneV1 } from '@sheaf/proto';
import { Client, credentials } from '@grpc/grpc-js';
import { once } from 'node:events';
import pino from 'pino';
import { Registry } from 'prom-client';
import {
  createRpcClient,
  createRpcServer,
  implement,
  type CallContext,
  type StreamListener,
  type StreamOptions,
  type TwoWayStream,
} from '../src/index.ts';

const definition = laneV1.LaneServiceService;
type Definition = Pick<typeof definition, 'connect'>;
type Frame = laneV1.LaneFrame;
type Stream = TwoWayStream<Frame, Frame>;
const ping = (number: number): Frame => ({ frame: { $case: 'ping', value: { number } } });
const big = (): Frame => ({
  frame: { $case: 'chunk', value: { part: Buffer.alloc(100_000), first: true, last: true } },
});
const numberOf = (frame: Frame) => (frame.frame?.$case === 'ping' ? frame.frame.value.number : -1);
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What a stream told its listener, and the end as a promise. */
function hear(stream: Stream, more: Partial<StreamListener<Frame>> = {}) {
  const items: number[] = [];
  const ends: (ChainError | undefined)[] = [];
  let tell = (_: ChainError | undefined) => {};
  const ended = new Promise<ChainError | undefined>((resolve) => (tell = resolve));
  stream.listen({
    item(frame) {
      items.push(numberOf(frame));
      more.item?.(frame);
    },
    drained: () => more.drained?.(),
    ended(error) {
      ends.push(error);
      tell(error);
    },
  });
  return { items, ends, ended };
}

async function serve(connect: (stream: Stream, call: CallContext) => void, served: Definition = definition) {
  const logged: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(line) });
  const server = createRpcServer(
    { host: '127.0.0.1', port: 0, graceMs: 50 },
    { log, metrics: new Registry(), services: [implement(served, { connect })] },
  );
  const address = `127.0.0.1:${await server.start()}`;
  closers.push(() => server.stop());
  const metrics = new Registry();
  const client = createRpcClient(definition, { address }, { log, metrics });
  closers.push(client.close);
  return { server, client, address, logged, metrics, connect: (options?: StreamOptions) => client.connect(options) };
}

/** A server whose stream and what it heard are given out. */
async function serveOne(more: Partial<StreamListener<Frame>> = {}, served?: Definition) {
  let give = (_: { stream: Stream; heard: ReturnType<typeof hear> }) => {};
  const accepted = new Promise<{ stream: Stream; heard: ReturnType<typeof hear> }>((resolve) => (give = resolve));
  const rest = await serve((stream) => give({ stream, heard: hear(stream, more) }), served);
  return { ...rest, accepted };
}

test('items of both sides arrive in order, and the end of the server reaches the client', async () => {
  const { connect } = await serve((stream) => {
    hear(stream, {
      item(frame) {
        stream.write(frame);
        if (numberOf(frame) === 999) stream.end();
      },
    });
  });
  const stream = connect();
  const heard = hear(stream);
  for (let number = 0; number < 1_000; number++) stream.write(ping(number));
  await expect(heard.ended).resolves.toBeUndefined();
  expect(heard.items).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
});

test('an error of the server arrives typed, after what it wrote', async () => {
  const { accepted, connect } = await serveOne();
  const heard = hear(connect());
  const { stream } = await accepted;
  stream.write(ping(1));
  stream.end(new ChainError({ code: 'LIMIT', message: 'full', retryAfterMs: 7 }));
  expect((await heard.ended)?.detail).toEqual({ code: 'LIMIT', message: 'full', retryAfterMs: 7 });
  expect(heard.items).toEqual([1]);
});

test('a client that ends has ended for the server, whose own end tells nothing more', async () => {
  const { accepted, connect, metrics } = await serveOne();
  const stream = connect();
  const own = hear(stream);
  stream.write(ping(1));
  const { heard, stream: served } = await accepted;
  stream.end(new ChainError({ code: 'CONFLICT', message: 'no' }));
  await expect(heard.ended).resolves.toBeUndefined();
  served.end();
  expect(served.write(ping(2))).toBe(false);
  expect([own.ends, heard.ends.length]).toEqual([[], 1]);
  expect(await metrics.metrics()).toContain('code="CONFLICT"');
});

test.each([
  { name: 'a ChainError', thrown: new ChainError({ code: 'CONFLICT', message: 'c' }), code: 'CONFLICT', logs: 0 },
  { name: 'another error', thrown: new Error('password=x'), code: 'INTERNAL', logs: 1 },
])('$name thrown by the listener ends the stream, on either side', async ({ thrown, code, logs }) => {
  const fail = () => {
    throw thrown;
  };
  const first = await serveOne({ item: fail });
  const stream = first.connect();
  const heard = hear(stream);
  stream.write(ping(1));
  const error = await heard.ended;
  expect([error?.code, error?.message.includes('password')]).toEqual([code, false]);
  expect((await (await first.accepted).heard.ended)?.code).toBe(code);
  expect(first.logged.join().split('password').length > 1).toBe(logs === 1);

  const second = await serveOne();
  const own = hear(second.connect(), { item: fail });
  const { stream: served, heard: theirs } = await second.accepted;
  served.write(ping(1));
  expect((await own.ended)?.code).toBe(code);
  await expect(theirs.ended).resolves.toBeUndefined();
});

test('a handler that throws before it listens refuses the stream', async () => {
  const { connect } = await serve(() => {
    throw new ChainError({ code: 'UNAVAILABLE', message: 'not yet' });
  });
  expect((await hear(connect()).ended)?.message).toBe('not yet');
});

test('bytes that are no message are INVALID_ARGUMENT on either side', async () => {
  const garbage = () => Buffer.from([0x0a, 0xff]);
  const { accepted, address } = await serveOne();
  const client = createRpcClient({ connect: { ...definition.connect, requestSerialize: garbage } }, { address }, {});
  closers.push(client.close);
  const stream = client.connect();
  const heard = hear(stream);
  stream.write(ping(1));
  expect((await heard.ended)?.detail).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'request' });
  expect((await (await accepted).heard.ended)?.code).toBe('INVALID_ARGUMENT');

  const other = await serveOne({}, { connect: { ...definition.connect, responseSerialize: garbage } });
  const own = hear(other.connect());
  (await other.accepted).stream.write(ping(1));
  expect((await own.ended)?.detail).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'response' });
});

test('a peer that does not read pushes back on the writer, and what was written arrives when it does', async () => {
  let release = () => {};
  const { accepted, address } = await serveOne();
  // Reads nothing until released: not what a listener can do, so it is done below the client.
  const raw = new Client(address, credentials.createInsecure());
  closers.push(() => raw.close());
  const call = raw.makeBidiStreamRequest(
    definition.connect.path,
    (frame: Frame) => definition.connect.requestSerialize(frame),
    (bytes: Buffer) => bytes.length,
  );
  const { stream } = await accepted;
  let written = 0;
  let flushed = 0;
  const full = new Promise<void>((resolve) => (release = resolve));
  const fill = () => {
    written += 1;
    if (stream.write(big(), () => void (flushed += 1))) setImmediate(fill);
    else release();
  };
  fill();
  await full;
  expect(written).toBeLessThan(1_000);
  expect(flushed).toBeLessThan(written);
  let read = 0;
  call.on('data', () => (read += 1));
  call.on('error', () => {});
  const ended = once(call, 'end');
  stream.end();
  await ended;
  expect(read).toBe(written);
});

test('a writer that was pushed back is told when there is room', async () => {
  let writes = 0;
  const { accepted, connect } = await serveOne();
  let roomy = () => {};
  const drained = new Promise<void>((resolve) => (roomy = resolve));
  const stream = connect();
  hear(stream, { drained: () => roomy() });
  while (stream.write(big())) writes += 1;
  await drained;
  expect(writes).toBeGreaterThan(0);
  await accepted;
});

test('a peer that is down, a signal and a deadline end a stream typed; a closed client begins none', async () => {
  const { server, accepted, client, connect } = await serveOne();
  const controller = new AbortController();
  const aborted = hear(connect({ signal: controller.signal }));
  const late = hear(connect({ deadlineMs: 100 }));
  const cut = hear(connect());
  await accepted;
  controller.abort();
  expect((await aborted.ended)?.code).toBe('DEADLINE');
  expect((await late.ended)?.code).toBe('DEADLINE');
  await server.stop();
  expect((await cut.ended)?.code).toBe('UNAVAILABLE');
  expect((await hear(connect()).ended)?.code).toBe('UNAVAILABLE');
  client.close();
  expect(() => connect()).toThrow('is closed');
});
