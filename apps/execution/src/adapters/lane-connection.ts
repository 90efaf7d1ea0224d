import { ChainError } from '@sheaf/primitives';
import type { laneV1 } from '@sheaf/proto';
import type { TwoWayStream } from '@sheaf/rpc';
import type { LaneLimits } from '../lane-limits.ts';
import type { LaneHello } from './lane-handshake.ts';
import { createInbox } from './lane-inbox.ts';
import { createOutbox } from './lane-outbox.ts';

type LaneStream = TwoWayStream<laneV1.LaneFrame, laneV1.LaneFrame>;

/** What went over the connections to one peer. */
export interface LaneTraffic {
  bytesSent: number;
  bytesReceived: number;
  messagesSent: number;
  messagesReceived: number;
  /** Of the last ping that was answered; undefined before. */
  roundTripMs: number | undefined;
}

/** One stream to one peer, from its first frame to its end. */
export interface LaneConnection {
  /** Both have said who they are, and it has not ended. */
  isUp(): boolean;
  /** In order, once; nothing happens while it is not up. Over a limit the connection ends, `down` is told after this turn. */
  send(body: Uint8Array): void;
  queuedBytes(): number;
  /** A time of `pingMs` has passed: asks whether the peer is there, ends the connection when it said nothing for too long. */
  tick(): void;
  /** Ends it; `down` is told before this returns. */
  end(error: ChainError): void;
  /** Ends it and tells nobody here. */
  abandon(error: ChainError): void;
}

export interface LaneConnectionOptions {
  limits: LaneLimits;
  /** The own hello; undefined: after the peer's, for which `welcome` gives it. */
  hello: laneV1.LaneFrame | undefined;
}

export interface LaneConnectionEvents {
  /** Checks the peer's hello. @returns the own one, when it is not out yet. @throws ChainError to refuse the peer */
  welcome(frame: laneV1.LaneFrame): { peer: LaneHello; reply: laneV1.LaneFrame | undefined; traffic: LaneTraffic };
  up(peer: LaneHello): void;
  /** A ChainError that it throws ends the connection with it. */
  message(body: Uint8Array): void;
  /** Once, whether it was up or not. */
  down(error: ChainError): void;
}

/** Takes over a stream that nothing was read from or written to. */
export function openLaneConnection(
  stream: LaneStream,
  { limits, hello }: LaneConnectionOptions,
  events: LaneConnectionEvents,
): LaneConnection {
  const silentTicksMax = Math.ceil(limits.silenceMsMax / limits.pingMs);
  const inbox = createInbox(limits);
  const outbox = createOutbox(limits, (frame, flushed) => stream.write(frame, flushed));
  let state: 'waiting' | 'up' | 'ended' = 'waiting';
  let traffic: LaneTraffic | undefined;
  // Turns of the timer and not times: an event loop that stood still has not heard what waits for it.
  let silentTicks = 0;
  let ping = { number: 0, sentAt: 0 };
  /** Of a ping that came while there was no room to answer. */
  let owedPong: laneV1.LanePong | undefined;

  function begin(frame: laneV1.LaneFrame): void {
    const { peer, reply, traffic: counted } = events.welcome(frame);
    traffic = counted;
    if (reply) stream.write(reply);
    state = 'up';
    events.up(peer);
  }

  function receive({ frame }: laneV1.LaneFrame): void {
    switch (frame?.$case) {
      case 'messages':
        return inbox.messages(frame.value).forEach(deliver);
      case 'chunk': {
        const body = inbox.chunk(frame.value);
        return body && deliver(body);
      }
      case 'ping':
        return answer({ number: frame.value.number });
      case 'pong':
        if (frame.value.number === ping.number) traffic!.roundTripMs = performance.now() - ping.sentAt;
        return;
      case 'hello':
      case undefined:
        throw new ChainError({
          code: 'INVALID_ARGUMENT',
          field: 'frame',
          message: `frame must be a message after the hello, got ${frame?.$case ?? 'none'}`,
        });
    }
  }

  function deliver(body: Uint8Array): void {
    // What was told of one message may have ended the connection.
    if (state !== 'up') return;
    traffic!.messagesReceived += 1;
    traffic!.bytesReceived += body.length;
    events.message(body);
  }

  function answer(pong: laneV1.LanePong): void {
    if (outbox.blocked()) owedPong = pong;
    else stream.write({ frame: { $case: 'pong', value: pong } });
  }

  /** @returns whether it had not ended before */
  function close(error: ChainError): boolean {
    if (state === 'ended') return false;
    state = 'ended';
    outbox.clear();
    stream.end(error);
    return true;
  }

  function end(error: ChainError): void {
    if (close(error)) events.down(error);
  }

  stream.listen({
    item(frame) {
      if (state === 'ended') return;
      silentTicks = 0;
      if (state === 'waiting') begin(frame);
      else receive(frame);
    },
    drained() {
      if (state !== 'up') return;
      if (owedPong) stream.write({ frame: { $case: 'pong', value: owedPong } });
      owedPong = undefined;
      outbox.drained();
    },
    ended: (error) => end(error ?? new ChainError({ code: 'UNAVAILABLE', message: 'the peer has ended the stream' })),
  });
  if (hello) stream.write(hello);

  return {
    isUp: () => state === 'up',
    send(body) {
      if (state !== 'up') return;
      try {
        outbox.push(body);
      } catch (error) {
        if (close(error as ChainError)) queueMicrotask(() => events.down(error as ChainError));
        return;
      }
      traffic!.messagesSent += 1;
      traffic!.bytesSent += body.length;
    },
    queuedBytes: () => outbox.queuedBytes(),
    tick() {
      silentTicks += 1;
      if (silentTicks > silentTicksMax) {
        const message = `the peer has said nothing for ${limits.silenceMsMax} ms`;
        return end(new ChainError({ code: 'DEADLINE', message }));
      }
      if (state !== 'up' || outbox.blocked()) return;
      ping = { number: (ping.number + 1) >>> 0, sentAt: performance.now() };
      stream.write({ frame: { $case: 'ping', value: { number: ping.number } } });
    },
    end,
    abandon: (error) => void close(error),
  };
}
