// Goal: members of a lane find each other and stay connected; messages arrive in order and once; whoever does not belong, says
// garbage, too much or nothing is refused typed, and the others go on.
// Method: real gRPC servers on loopback, one a member; intruders are plain clients and servers of the same definition.
import { laneProtocol } from '@sheaf/partition';
import { ChainError, toHash32, toHeight, type Hash32 } from '@sheaf/primitives';
import { laneV1 } from '@sheaf/proto';
import { createRpcClient, createRpcServer, implement, type RpcServer, type TwoWayStream } from '@sheaf/rpc';
import { freePort, waitFor } from '@sheaf/testing';
import { Client, credentials } from '@grpc/grpc-js';
import pino from 'pino';
import { Registry } from 'prom-client';
import { laneLimits, type LaneLimits } from '../lane-limits.ts';
import type { LaneHello } from './lane-handshake.ts';
import { createLanePeers, type LanePeers, type LanePeersOptions } from './lane-peers.ts';

const definition = laneV1.LaneServiceService;
type Frame = laneV1.LaneFrame;
type Stream = TwoWayStream<Frame, Frame>;
const hash = (fill: number): Hash32 => toHash32(new Uint8Array(32).fill(fill));
const log = pino({ level: 'silent' });
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Event =
  | { kind: 'up'; member: number; hello: LaneHello }
  | { kind: 'down'; member: number; reason: ChainError }
  | { kind: 'message'; member: number; body: Uint8Array };

interface Member {
  peers: LanePeers;
  events: Event[];
  metrics: Registry;
  stop(): Promise<void>;
}

interface Setup extends Partial<Omit<LanePeersOptions, 'limits'>> {
  limits?: Partial<LaneLimits>;
  onMessage?: (from: number, body: Uint8Array, peers: LanePeers) => void;
}

const addressesOf = async (count: number) => {
  const addresses: string[] = [];
  while (addresses.length < count) addresses.push(`127.0.0.1:${await freePort()}`);
  return addresses;
};

async function serve(address: string, services: Parameters<typeof createRpcServer>[1]['services']): Promise<RpcServer> {
  const [host, port] = address.split(':') as [string, string];
  const server = createRpcServer({ host, port: Number(port), graceMs: 20 }, { log, metrics: new Registry(), services });
  await server.start();
  closers.push(() => server.stop());
  return server;
}

async function startMember(addresses: readonly string[], member: number, setup: Setup = {}): Promise<Member> {
  const { limits, onMessage, ...options } = setup;
  const events: Event[] = [];
  const metrics = new Registry();
  const peers = createLanePeers(
    {
      lane: 'a',
      member,
      addresses,
      genesisHash: hash(1),
      head: () => ({ height: toHeight(5 + member), hash: hash(9) }),
      session: 100n + BigInt(member),
      limits: { reconnectMsMax: 100, ...limits },
      ...options,
    },
    {
      log,
      metrics,
      onMessage(from, body) {
        events.push({ kind: 'message', member: from, body });
        onMessage?.(from, body, peers);
      },
      onUp: (from, hello) => void events.push({ kind: 'up', member: from, hello }),
      onDown: (from, reason) => void events.push({ kind: 'down', member: from, reason }),
    },
  );
  const server = await serve(addresses[member]!, [peers.service]);
  peers.start();
  const stop = async () => {
    await peers.close();
    await server.stop();
  };
  closers.push(() => peers.close());
  return { peers, events, metrics, stop };
}

async function startLane(count: number, setup: Setup = {}) {
  const addresses = await addressesOf(count);
  const members: Member[] = [];
  for (let member = 0; member < count; member++) members.push(await startMember(addresses, member, setup));
  const others = (self: number) => [...members.keys()].filter((member) => member !== self);
  await until('all are connected', () =>
    members.every(({ peers }, self) => others(self).every((member) => peers.connected(member))),
  );
  return { addresses, members };
}

const until = (what: string, holds: () => boolean) => waitFor(holds, { what });
const bodies = ({ events }: Member, from: number) =>
  events.flatMap((event) => (event.kind === 'message' && event.member === from ? [event.body] : []));
const downs = ({ events }: Member) => events.flatMap((event) => (event.kind === 'down' ? [event.reason] : []));
const ups = ({ events }: Member) => events.filter(({ kind }) => kind === 'up').length;

const frames = {
  hello: (value: Partial<laneV1.LaneHello> = {}): Frame => ({
    frame: {
      $case: 'hello',
      value: {
        protocol: laneProtocol,
        genesisHash: Buffer.alloc(32, 1),
        lane: 'a',
        members: 3,
        member: 2,
        to: 0,
        headHeight: 1n,
        headHash: Buffer.alloc(32, 2),
        session: 7n,
        ...value,
      },
    },
  }),
  messages: (...all: number[]): Frame => ({
    frame: { $case: 'messages', value: { bodies: all.map((one) => Buffer.from([one])) } },
  }),
  chunk: (bytes: number, first: boolean, last: boolean): Frame => ({
    frame: { $case: 'chunk', value: { part: Buffer.alloc(bytes), first, last } },
  }),
  ping: (number: number): Frame => ({ frame: { $case: 'ping', value: { number } } }),
  none: (): Frame => ({ frame: undefined }),
};

/** Reads a stream by hand. */
function hear(stream: Stream) {
  const heard: Frame[] = [];
  let end: { error: ChainError | undefined } | undefined;
  stream.listen({ item: (frame) => void heard.push(frame), drained() {}, ended: (error) => void (end = { error }) });
  const ended = async () => {
    await until('the stream has ended', () => end !== undefined);
    return end!.error?.detail;
  };
  return { heard, ended };
}

/** Somebody who calls a member. */
function intrude(address: string, ...said: Frame[]) {
  const client = createRpcClient(definition, { address }, {});
  closers.push(client.close);
  const stream = client.connect();
  const heard = hear(stream);
  said.forEach((frame) => stream.write(frame));
  return { stream, ...heard };
}

/** Member 0 of three whose others never start: their places are the tests'. */
async function startAlone(setup: Setup = {}) {
  const addresses = await addressesOf(3);
  const member = await startMember(addresses, 0, setup);
  return { ...member, member, address: addresses[0]! };
}

test('every pair is connected once, knows who and in what condition, and hears all in order', async () => {
  // Long ones go in pieces of 4 KiB, so pieces and shared frames take turns.
  const { members } = await startLane(3, { limits: { frameBytesMax: 4_096 } });
  const length = (index: number) => (index % 50 === 0 ? 20_000 + index : index % 7);
  for (let index = 0; index < 500; index++) {
    members.forEach(({ peers }, from) => {
      for (let to = 0; to < 3; to++) peers.send(to, new Uint8Array(length(index)).fill(from));
    });
    if (index % 100 === 0) await new Promise(setImmediate);
  }
  for (const [self, member] of members.entries()) {
    for (const from of [0, 1, 2].filter((other) => other !== self)) {
      await until('all have arrived', () => bodies(member, from).length === 500);
      const heard = bodies(member, from);
      expect(heard.map((body) => body.length)).toEqual(Array.from({ length: 500 }, (_, index) => length(index)));
      expect(heard.every((body) => body.every((byte) => byte === from))).toBe(true);
      expect(member.events).toContainEqual({
        kind: 'up',
        member: from,
        hello: { member: from, head: { height: BigInt(5 + from), hash: hash(9) }, session: BigInt(100 + from) },
      });
    }
    expect([ups(member), downs(member), bodies(member, self)]).toEqual([2, [], []]);
    await until('all has left', () => member.peers.stats().every(({ queuedBytes }) => queuedBytes === 0));
    for (const one of member.peers.stats())
      expect(one).toMatchObject({ messagesSent: 500, messagesReceived: 500, reconnects: 0, connected: true });
  }
  const exposed = await members[0]!.metrics.metrics();
  expect(exposed).toContain('sheaf_execution_lane_connected 2');
  expect(exposed).toContain('sheaf_execution_lane_messages_total{peer="2",direction="received"} 500');
});

test.each([
  { name: 'is called', which: 0 },
  { name: 'calls', which: 1 },
])('a member that $name dies and comes back: down, then up with its new session', async ({ which }) => {
  const { addresses, members } = await startLane(2);
  const other = members[1 - which]!;
  members[which]!.peers.send(1 - which, Uint8Array.of(1));
  await until('the message has arrived', () => bodies(other, which).length === 1);
  await members[which]!.stop();
  await until('it is missed', () => downs(other).length === 1);
  expect(other.peers.connected(which)).toBe(false);
  other.peers.send(which, Uint8Array.of(66));
  const back = await startMember(addresses, which, { session: 55n });
  await until('it is connected again', () => other.peers.connected(which) && back.peers.connected(1 - which));
  other.peers.send(which, Uint8Array.of(2));
  back.peers.send(1 - which, Uint8Array.of(3));
  await until('both have heard', () => bodies(other, which).length === 2 && bodies(back, 1 - which).length === 1);
  expect(bodies(back, 1 - which)).toEqual([Uint8Array.of(2)]);
  const seen = other.events.map((event) => (event.kind === 'up' ? `up ${event.hello.session}` : event.kind));
  expect(seen).toEqual([`up ${100 + which}`, 'message', 'down', 'up 55', 'message']);
  expect(downs(other)[0]!.code).toBe('UNAVAILABLE');
  expect(other.peers.stats()).toMatchObject([{ reconnects: 1, fault: undefined }]);
});

test.each<[string, Frame, string]>([
  ['another protocol', frames.hello({ protocol: laneProtocol - 1 }), 'hello.protocol'],
  ['another genesis', frames.hello({ genesisHash: Buffer.alloc(32, 3) }), 'hello.genesisHash'],
  ['a genesis hash of 31 bytes', frames.hello({ genesisHash: Buffer.alloc(31, 1) }), 'hello.genesisHash'],
  ['another lane', frames.hello({ lane: 'b' }), 'hello.lane'],
  ['a lane of 65 bytes', frames.hello({ lane: 'a'.repeat(65) }), 'hello.lane'],
  ['another number of members', frames.hello({ members: 4 }), 'hello.members'],
  ['a member out of range', frames.hello({ member: 3 }), 'hello.member'],
  ['the own number', frames.hello({ member: 0 }), 'hello.member'],
  ['a call meant for another member', frames.hello({ to: 1 }), 'hello.to'],
  ['a head hash of 33 bytes', frames.hello({ headHash: Buffer.alloc(33) }), 'hello.headHash'],
  ['a message before the hello', frames.messages(1), 'frame'],
  ['an empty frame', frames.none(), 'frame'],
])('whoever calls with %s is refused, naming the field', async (_, said, field) => {
  const { address, events, metrics } = await startAlone();
  const { ended, heard } = intrude(address, said);
  expect(await ended()).toMatchObject({ code: 'INVALID_ARGUMENT', field });
  expect([events, heard]).toEqual([[], []]);
  expect(await metrics.metrics()).toContain('lane_faults_total{code="INVALID_ARGUMENT"} 1');
});

test('a member that is to be called does not call', async () => {
  const addresses = await addressesOf(3);
  const { events } = await startMember(addresses, 1);
  const { ended } = intrude(addresses[1]!, frames.hello({ member: 0, to: 1 }));
  expect(await ended()).toMatchObject({ field: 'hello.member' });
  expect(events).toEqual([]);
});

test.each<[string, Frame, string]>([
  ['another genesis', frames.hello({ member: 0, to: 2, genesisHash: Buffer.alloc(32) }), 'hello.genesisHash'],
  ['another number of members', frames.hello({ member: 0, to: 2, members: 2 }), 'hello.members'],
  ['not the expected member', frames.hello({ member: 1, to: 2 }), 'hello.member'],
  ['a message', frames.messages(1), 'frame'],
])('who answers a call with %s is refused, and called again', async (_, said, field) => {
  const addresses = await addressesOf(3);
  let calls = 0;
  const connect = (stream: Stream) => {
    calls += 1;
    hear(stream);
    stream.write(calls === 1 ? said : frames.hello({ member: 0, to: 2 }));
  };
  await serve(addresses[0]!, [implement(definition, { connect })]);
  const { events, peers, metrics } = await startMember(addresses, 2, {
    limits: { reconnectMsMin: 300, reconnectMsMax: 300 },
  });
  const fault = () => peers.stats()[0]!.fault?.detail;
  await until('it is refused', () => fault() !== undefined);
  expect(fault()).toMatchObject({ code: 'INVALID_ARGUMENT', field });
  expect(events).toEqual([]);
  await until('it is accepted', () => peers.connected(0));
  expect(await metrics.metrics()).toContain('lane_faults_total{code="INVALID_ARGUMENT"} 1');
});

test.each<[string, Frame[], object]>([
  ['a second hello', [frames.hello()], { code: 'INVALID_ARGUMENT', field: 'frame' }],
  ['an empty frame', [frames.none()], { code: 'INVALID_ARGUMENT', field: 'frame' }],
  ['messages of none', [frames.messages()], { code: 'INVALID_ARGUMENT', field: 'frame.messages.bodies' }],
  [
    'a piece without a first',
    [frames.chunk(5_000, false, false)],
    { code: 'INVALID_ARGUMENT', field: 'frame.chunk.first' },
  ],
  ['pieces of one byte', [frames.chunk(1, true, false)], { code: 'INVALID_ARGUMENT', field: 'frame.chunk.part' }],
  ['a message within another', [frames.chunk(5_000, true, false), frames.messages(1)], { field: 'frame.messages' }],
  ['too long a message', [frames.chunk(6_000, true, false), frames.chunk(6_000, false, false)], { code: 'LIMIT' }],
])('%s ends a connection, typed at both ends, and the member takes the next', async (_, said, detail) => {
  const { address, member, metrics, peers } = await startAlone({ limits: { messageBytesMax: 10_000 } });
  const first = intrude(address, frames.hello(), frames.messages(8, 9), ...said);
  expect(await first.ended()).toMatchObject(detail);
  expect(bodies(member, 2)).toEqual([Uint8Array.of(8), Uint8Array.of(9)]);
  expect(downs(member).map((reason) => reason.detail)).toMatchObject([detail]);
  expect(await metrics.metrics()).toMatch(/lane_faults_total\{code="\w+"\} 1/);
  intrude(address, frames.hello());
  await until('the next is up', () => peers.connected(2));
});

test('bytes that are no frame end a connection', async () => {
  const { address, member } = await startAlone();
  const client = createRpcClient(
    {
      connect: {
        ...definition.connect,
        requestSerialize: (frame: Frame) =>
          frame.frame ? definition.connect.requestSerialize(frame) : Buffer.from([0x0a, 0xff]),
      },
    },
    { address },
    {},
  );
  closers.push(client.close);
  const stream = client.connect();
  const { ended } = hear(stream);
  stream.write(frames.hello());
  stream.write(frames.none());
  expect(await ended()).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'request' });
  expect(downs(member)).toMatchObject([{ code: 'INVALID_ARGUMENT' }]);
});

test('what the user of a message throws ends the connection with it', async () => {
  const { address, member } = await startAlone({
    onMessage() {
      throw new ChainError({ code: 'CONFLICT', message: 'a wrong height' });
    },
  });
  const { ended } = intrude(address, frames.hello(), frames.messages(1, 2));
  expect(await ended()).toEqual({ code: 'CONFLICT', message: 'a wrong height' });
  expect(bodies(member, 2)).toHaveLength(1);
  expect(downs(member)).toMatchObject([{ code: 'CONFLICT' }]);
});

test('a message over the limit ends the connection of its sender with LIMIT, after its turn, and they connect again', async () => {
  const { members } = await startLane(2, { limits: { messageBytesMax: 10_000 } });
  const [called, caller] = members as [Member, Member];
  for (const [from, to, member] of [
    [0, 1, called],
    [1, 0, caller],
  ] as const) {
    const before = downs(member).length;
    member.peers.send(to, new Uint8Array(10_001));
    expect([member.peers.connected(to), downs(member).length]).toEqual([false, before]);
    await Promise.resolve();
    expect(downs(member).at(-1)!.detail).toMatchObject({ code: 'LIMIT' });
    await until('they are connected again', () => member.peers.connected(to) && members[to]!.peers.connected(from));
    expect(await member.metrics.metrics()).toContain('lane_faults_total{code="LIMIT"}');
  }
  // The one that was called can say why it ended the first of them.
  expect(downs(caller)[0]!.code).toBe('LIMIT');
});

test('who says nothing is dropped with DEADLINE: a stranger, and a peer', async () => {
  const { address, member } = await startAlone({ limits: { pingMs: 10, silenceMsMax: 30 } });
  expect(await intrude(address).ended()).toMatchObject({ code: 'DEADLINE' });
  expect(member.events).toEqual([]);
  const peer = intrude(address, frames.hello());
  expect(await peer.ended()).toMatchObject({ code: 'DEADLINE' });
  expect(downs(member)).toMatchObject([{ code: 'DEADLINE' }]);
  // It was asked meanwhile.
  expect(peer.heard.map(({ frame }) => frame?.$case).slice(0, 2)).toEqual(['hello', 'ping']);
});

test('a call that is not answered is given up and made again', async () => {
  const addresses = await addressesOf(2);
  let calls = 0;
  const connect = (stream: Stream) => {
    calls += 1;
    hear(stream);
  };
  await serve(addresses[0]!, [implement(definition, { connect })]);
  const { peers, events } = await startMember(addresses, 1, { limits: { pingMs: 10, silenceMsMax: 30 } });
  await until('it was called twice', () => calls >= 2);
  expect(peers.stats()[0]!.fault?.code).toBe('DEADLINE');
  expect(events).toEqual([]);
});

test('who answers pings stays connected, and its pings are answered', async () => {
  const { address, member, peers } = await startAlone({ limits: { pingMs: 10, silenceMsMax: 50 } });
  const client = createRpcClient(definition, { address }, {});
  closers.push(client.close);
  const stream = client.connect();
  let pings = 0;
  let answered = false;
  stream.listen({
    item({ frame }) {
      if (frame?.$case === 'pong') answered ||= frame.value.number === 77;
      if (frame?.$case !== 'ping') return;
      pings += 1;
      stream.write({ frame: { $case: 'pong', value: { number: frame.value.number } } });
    },
    drained() {},
    ended() {},
  });
  stream.write(frames.hello());
  stream.write(frames.ping(77));
  await until('it was asked for much longer than silence may last', () => pings >= 30);
  expect([answered, member.events.length]).toEqual([true, 1]);
  expect(peers.stats().find((one) => one.member === 2)!.roundTripMs).toBeGreaterThan(0);
});

test('a later connection of a member takes the place of the earlier one', async () => {
  const { address, member, peers } = await startAlone();
  const first = intrude(address, frames.hello({ session: 1n }));
  await until('the first is up', () => peers.connected(2));
  const second = intrude(address, frames.hello({ session: 2n }));
  expect(await first.ended()).toMatchObject({ code: 'CONFLICT' });
  await until('the second is up', () => ups(member) === 2);
  expect(member.events.map((event) => (event.kind === 'up' ? event.hello.session : event.kind))).toEqual([
    1n,
    'down',
    2n,
  ]);
  peers.send(2, Uint8Array.of(5));
  await until('the second hears', () => second.heard.some(({ frame }) => frame?.$case === 'messages'));
  expect(first.heard.map(({ frame }) => frame?.$case)).toEqual(['hello']);
});

/** A peer that reads when it wants to: below what a listener can do. */
function readBySteps(address: string) {
  const client = new Client(address, credentials.createInsecure());
  closers.push(() => client.close());
  const { path, requestSerialize, responseDeserialize } = definition.connect;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  const heard: Frame[] = [];
  const ends: Error[] = [];
  call.on('error', (error: Error) => void ends.push(error));
  call.on('data', (frame: Frame) => {
    heard.push(frame);
    call.pause();
  });
  call.write(frames.hello());
  return { call, heard, ends };
}

test('a slow reader gets all of it in order when it reads at last', async () => {
  const { address, peers } = await startAlone();
  const { call, heard } = readBySteps(address);
  await until('it is up', () => peers.connected(2) && heard.length === 1);
  const sent = Array.from({ length: 40 }, (_, index) => new Uint8Array(200_000).fill(index));
  for (const body of sent) {
    peers.send(2, body);
    await new Promise(setImmediate);
  }
  expect(peers.stats().find(({ member }) => member === 2)!.queuedBytes).toBeGreaterThan(1_000_000);
  call.on('data', () => call.resume());
  call.resume();
  const got = () => heard.flatMap(({ frame }) => (frame?.$case === 'messages' ? frame.value.bodies : []));
  await until('all has arrived', () => got().length === sent.length);
  expect(got().map((body) => [body.length, body[0]])).toEqual(sent.map((body) => [200_000, body[0]]));
  await until('nothing waits', () => peers.stats().every(({ queuedBytes }) => queuedBytes === 0));
});

test('a reader that is too slow is dropped with LIMIT, and what waited for it is forgotten', async () => {
  const { address, member, metrics, peers } = await startAlone({ limits: { queueBytesMax: 10_000_000 } });
  const { call, heard } = readBySteps(address);
  await until('it is up', () => peers.connected(2) && heard.length === 1);
  for (let count = 0; peers.connected(2) && count < 1_000; count++) {
    peers.send(2, new Uint8Array(200_000));
    await new Promise(setImmediate);
  }
  expect(downs(member)).toMatchObject([{ code: 'LIMIT' }]);
  expect(peers.stats().map(({ queuedBytes }) => queuedBytes)).toEqual([0, 0]);
  expect(await metrics.metrics()).toContain('lane_faults_total{code="LIMIT"} 1');
  call.cancel();
});

test('strangers are limited', async () => {
  const { address } = await startAlone({ limits: { strangersMax: 1 } });
  const first = intrude(address);
  const second = intrude(address);
  const which = await Promise.race([first.ended(), second.ended()]);
  expect(which).toMatchObject({ code: 'LIMIT' });
});

test('nobody is taken before the start and after the close, and nothing is told after it', async () => {
  const { address, member, peers } = await startAlone();
  const { ended } = intrude(address, frames.hello());
  await until('it is up', () => peers.connected(2));
  await peers.close();
  await peers.close();
  expect(await ended()).toMatchObject({ code: 'UNAVAILABLE', message: 'member 0 stops' });
  expect(await intrude(address, frames.hello()).ended()).toMatchObject({ code: 'UNAVAILABLE' });
  peers.start();
  peers.send(2, Uint8Array.of(1));
  expect([member.events.length, peers.connected(2)]).toEqual([1, false]);
});

test.each<[string, Partial<LanePeersOptions>]>([
  ['lane', { lane: '' }],
  ['lane', { lane: 'ü'.repeat(33) }],
  ['addresses', { addresses: [] }],
  ['addresses', { addresses: Array.from({ length: laneLimits.membersMax + 1 }, (_, index) => `h:${index}`) }],
  ['addresses', { addresses: ['h:1', 'h:1'] }],
  ['member', { member: 2 }],
  ['member', { member: -1 }],
])('%s of %j is refused', (field, wrong) => {
  const options = { lane: 'a', member: 0, addresses: ['h:1', 'h:2'], genesisHash: hash(1), session: 1n, ...wrong };
  const unused = () => {};
  expect(() =>
    createLanePeers(
      { ...options, head: () => ({ height: toHeight(0), hash: hash(0) }) },
      { log, onMessage: unused, onUp: unused, onDown: unused },
    ),
  ).toThrow(expect.objectContaining({ detail: expect.objectContaining({ field }) as unknown }) as Error);
});
