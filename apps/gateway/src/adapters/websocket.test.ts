// Goal: a connection's queue and its requests in flight are bounded, and a client that does not read is cut off.
// Method: a socket in memory whose buffer the test fills, and a dispatcher that answers on command.
import type { Hex } from '@sheaf/primitives';
import { createConnections, type Socket } from './websocket.ts';

function setUp() {
  const listeners = new Map<string, (data: Buffer) => void>();
  const done: string[] = [];
  const sent: string[] = [];
  const answers: (() => void)[] = [];
  const socket = {
    bufferedAmount: 0,
    send: (text: string) => void sent.push(text),
    close: (code: number) => void done.push(`close ${code}`),
    terminate: () => void done.push('terminate'),
    ping: () => undefined,
    pause: () => void done.push('pause'),
    resume: () => void done.push('resume'),
    on: (event: string, listener: (data: Buffer) => void) => void listeners.set(event, listener),
  };
  const counts: number[] = [];
  const connections = createConnections(
    { connectionsMax: 1, subscriptionsMax: 1, queueBytesMax: 100, requestsMax: 2, pingMs: 60_000 },
    {
      dispatcher: { handle: (text) => new Promise((resolve) => answers.push(() => resolve(`answer ${text}`))) },
      newId: (): Hex => '0x1',
      events: {
        connections: (count) => counts.push(count),
        subscriptions: () => undefined,
        slowConsumer: () => done.push('slow'),
      },
    },
  );
  connections.accept(socket as unknown as Socket);
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const emit = (event: string, text = ''): void => listeners.get(event)!(Buffer.from(text));
  return { connections, socket, emit, answers, done, sent, counts, settle };
}

test('reads no more while as many as allowed are served', async () => {
  const { emit, answers, done, sent, settle } = setUp();
  emit('message', 'a');
  expect(done).toEqual([]);
  emit('message', 'b');
  expect(done).toEqual(['pause']);
  answers[1]!();
  await settle();
  expect([done, sent]).toEqual([['pause', 'resume'], ['answer b']]);
});

test('a full queue ends the connection once', async () => {
  const { socket, emit, answers, done, sent, settle } = setUp();
  socket.bufferedAmount = 95;
  emit('message', 'a');
  emit('message', 'b');
  for (const answer of answers) answer();
  await settle();
  expect(done).toEqual(['pause', 'slow', 'close 1013', 'terminate']);
  expect(sent).toEqual([]);
});

test('connections are counted', () => {
  const { connections, emit, counts } = setUp();
  expect(connections.full()).toBe(true);
  emit('close');
  expect([connections.full(), counts]).toEqual([false, [1, 0]]);
});
