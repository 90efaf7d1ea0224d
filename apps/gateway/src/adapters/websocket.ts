import type { Hex } from '@sheaf/primitives';
import type { Dispatcher } from '../domain/json-rpc.ts';
import { createSession, type SubscriptionSession } from '../domain/subscriptions.ts';
import type { ExecutedBlock } from '../ports.ts';

/** What is used of a WebSocket (of package ws, which has no types here). */
export interface Socket {
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code: number, reason: string): void;
  terminate(): void;
  ping(): void;
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: 'close' | 'pong', listener: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

export interface ConnectionOptions {
  connectionsMax: number;
  subscriptionsMax: number;
  /** Bytes waiting for a slow client; above it the connection is closed with 1013. */
  queueBytesMax: number;
  /** Messages of one connection being served; above it no more is read from the socket. */
  requestsMax: number;
  /** A client that has not answered a ping until the next one is gone. */
  pingMs: number;
}

/** All WebSocket connections. */
export interface Connections {
  full(): boolean;
  accept(socket: Socket): void;
  /** Tells every connection about a new block. */
  notify(block: ExecutedBlock): void;
  closeAll(): void;
}

export interface ConnectionEvents {
  connections(count: number): void;
  subscriptions(count: number): void;
  slowConsumer(): void;
}

/** How long a client may take to answer a close. */
const closeGraceMs = 1_000;

interface Connection {
  socket: Socket;
  session: SubscriptionSession;
}

export function createConnections(
  options: ConnectionOptions,
  deps: { dispatcher: Dispatcher; newId: () => Hex; events: ConnectionEvents },
): Connections {
  const open = new Set<Connection>();

  function accept(socket: Socket): void {
    let inFlight = 0;
    let alive = true;
    const send = (text: string): void => {
      if (!alive) return;
      if (socket.bufferedAmount + text.length > options.queueBytesMax) {
        alive = false;
        deps.events.slowConsumer();
        socket.close(1013, 'too slow: the queue is full');
        // A client that does not read will not read the close either.
        socket.terminate();
        return;
      }
      socket.send(text);
    };
    const session = createSession({ subscriptionsMax: options.subscriptionsMax }, { send, newId: deps.newId });
    const connection = { socket, session };
    open.add(connection);
    count();

    const serve = async (text: string): Promise<void> => {
      if (++inFlight >= options.requestsMax) socket.pause();
      const answer = await deps.dispatcher.handle(text, session);
      if (answer !== undefined) send(answer);
      if (inFlight-- === options.requestsMax && alive) socket.resume();
      deps.events.subscriptions(subscriptions());
    };
    const stopPinging = keepAlive(socket, options.pingMs);
    socket.on('message', (data) => void serve(data.toString('utf8')));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      alive = false;
      stopPinging();
      open.delete(connection);
      count();
    });
  }

  function count(): void {
    deps.events.connections(open.size);
    deps.events.subscriptions(subscriptions());
  }

  function subscriptions(): number {
    let total = 0;
    for (const { session } of open) total += session.count();
    return total;
  }

  return {
    full: () => open.size >= options.connectionsMax,
    accept,
    notify(block) {
      for (const { session } of open) session.notify(block);
    },
    closeAll() {
      for (const { socket } of open) socket.close(1001, 'the gateway is stopping');
      // Who does not answer the close is cut off.
      setTimeout(() => open.forEach(({ socket }) => socket.terminate()), closeGraceMs).unref();
    },
  };
}

function keepAlive(socket: Socket, pingMs: number): () => void {
  let answered = true;
  socket.on('pong', () => (answered = true));
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingMs);
  timer.unref();
  return () => clearInterval(timer);
}
