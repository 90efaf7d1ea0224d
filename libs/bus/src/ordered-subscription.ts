import {
  AckPolicy,
  createInbox,
  DeliverPolicy,
  nanos,
  type Msg,
  type NatsConnection,
  type StreamInfo,
  type Subscription,
} from 'nats';
import { pause } from '@sheaf/service';
import type { Logger } from 'pino';
import type { BusDelivery, BusGap, BusSubscription, Topic } from './bus.ts';
import type { Connected, Link } from './link.ts';
import { doubling } from './doubling.ts';
import { ensureStream, streamName } from './streams.ts';

/** What a subscription calls. */
export interface SubscriptionEvents {
  onMessage(message: BusDelivery): void | Promise<void>;
  onGap(missed: BusGap): void;
  onRestart(): void;
}

const heartbeatMs = 500;
/** The server is silent this long: the consumer, the stream or the server is gone. */
const silenceMsMax = 2_000;
const establishWaitMsMax = 2_000;

/**
 * An ordered consumer: an ephemeral push consumer without acknowledgements, whose consumer sequence must grow by one. On any doubt
 * (a hole, silence, a lost connection) the session ends and the next one starts after the last stream sequence seen.
 */
export async function subscribeOrdered(
  options: { streamPrefix: string; topic: Topic },
  deps: { link: Link; log: Logger; events: SubscriptionEvents },
): Promise<BusSubscription> {
  const stopping = new AbortController();
  const position: Position = { sequence: undefined, created: '' };
  const established = new Promise<void>((resolve) => {
    void pause(establishWaitMsMax, stopping.signal).then(resolve);
    position.onEstablished = resolve;
  });
  const running = keepSubscribed(options, deps, position, stopping.signal);
  await established;
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

interface Position {
  /** The last stream sequence seen; undefined before the first session. */
  sequence: number | undefined;
  /** Identifies the stream: one made anew has another time of creation. */
  created: string;
  onEstablished?: () => void;
}

type Options = { streamPrefix: string; topic: Topic };
type Deps = { link: Link; log: Logger; events: SubscriptionEvents };

async function keepSubscribed(options: Options, deps: Deps, position: Position, stop: AbortSignal): Promise<void> {
  const waits = doubling({ min: 50, max: 2_000 });
  for (let sessions = 0; !stop.aborted; sessions++) {
    const connected = await deps.link.connected(stop);
    if (!connected) return;
    if (sessions > 0) deps.events.onRestart();
    try {
      await session(options, deps, position, connected, stop, () => waits.reset());
    } catch (error) {
      deps.log.debug({ err: error, topic: options.topic }, 'subscription starts again');
    }
    if (!stop.aborted) await pause(waits.next(), stop);
  }
}

/** Runs until something is in doubt or `stop` is aborted. */
async function session(
  { streamPrefix, topic }: Options,
  { link, log, events }: Deps,
  position: Position,
  { connection, manager }: Connected,
  stop: AbortSignal,
  onEstablished: () => void,
): Promise<void> {
  const stream = streamName(streamPrefix, topic);
  resume(position, await ensureStream(manager, streamPrefix, topic), events.onGap);
  const inbox = createInbox();
  const mailbox = openMailbox(connection, inbox);
  const unwatch = link.onChange(() => mailbox.end());
  const end = (): void => mailbox.end();
  stop.addEventListener('abort', end);
  let consumer: string | undefined;
  try {
    ({ name: consumer } = await manager.consumers.add(stream, consumerConfig(inbox, (position.sequence ?? 0) + 1)));
    // The stream may have been replaced between the two requests: then the start was meant for the old one.
    const { created } = await manager.streams.info(stream);
    if (created !== position.created) return;
    onEstablished();
    position.onEstablished?.();
    await deliver(mailbox, connection, position, { log, events, topic });
  } finally {
    stop.removeEventListener('abort', end);
    unwatch();
    mailbox.close();
    if (consumer !== undefined && link.current()?.connection === connection) {
      // Without it the server removes the consumer by itself, ten seconds later.
      await manager.consumers.delete(stream, consumer).catch(() => undefined);
    }
  }
}

/** Where to go on in the stream as it is now; tells what cannot be had any more. */
function resume(position: Position, { created, state }: StreamInfo, onGap: (missed: BusGap) => void): void {
  if (position.sequence === undefined) {
    position.sequence = state.last_seq;
  } else if (created !== position.created) {
    onGap({ from: 0, to: 0 });
    position.sequence = Math.max(0, state.first_seq - 1);
  } else if (state.last_seq < position.sequence) {
    // The server lost its last writes when it was killed, and will give the same numbers again.
    onGap({ from: 0, to: 0 });
    position.sequence = state.last_seq;
  } else if (state.first_seq > position.sequence + 1) {
    onGap({ from: position.sequence + 1, to: state.first_seq - 1 });
    position.sequence = state.first_seq - 1;
  }
  position.created = created;
}

function consumerConfig(inbox: string, startSequence: number) {
  return {
    deliver_subject: inbox,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: startSequence,
    ack_policy: AckPolicy.None,
    max_deliver: 1,
    flow_control: true,
    idle_heartbeat: nanos(heartbeatMs),
    inactive_threshold: nanos(10_000),
    mem_storage: true,
    num_replicas: 1,
  };
}

/** Hands the messages to the handler, one at a time; returns when the session must end. */
async function deliver(
  mailbox: Mailbox,
  connection: NatsConnection,
  position: Position,
  { log, events, topic }: { log: Logger; events: SubscriptionEvents; topic: Topic },
): Promise<void> {
  let consumed = 0;
  for (let message = await mailbox.next(); message; message = await mailbox.next()) {
    if (message.headers?.hasError || (message.headers?.code ?? 0) > 0) {
      if (!answerControl(message, connection, consumed)) return;
      continue;
    }
    const { streamSequence, deliverySequence } = placeOf(message.reply ?? '');
    if (deliverySequence !== consumed + 1) return;
    consumed = deliverySequence;
    const expected = (position.sequence ?? 0) + 1;
    if (streamSequence < expected) continue;
    if (streamSequence > expected) events.onGap({ from: expected, to: streamSequence - 1 });
    position.sequence = streamSequence;
    try {
      await events.onMessage({ body: message.data, sequence: streamSequence });
    } catch (error) {
      log.error({ err: error, topic, sequence: streamSequence }, 'a handler of announcements failed');
    }
  }
}

/** Heartbeats and flow control; false when the session must end. */
function answerControl(message: Msg, connection: NatsConnection, consumed: number): boolean {
  if (message.headers?.code !== 100) return false;
  if (message.reply !== undefined && message.reply !== '') {
    message.respond();
    return true;
  }
  const stalled = message.headers.get('Nats-Consumer-Stalled');
  if (stalled !== '') connection.publish(stalled);
  const sent = message.headers.get('Nats-Last-Consumer');
  return sent === '' || Number(sent) === consumed;
}

interface Mailbox {
  /** The next message; undefined once the session must end. What came before the end and was not taken is dropped. */
  next(): Promise<Msg | undefined>;
  end(): void;
  close(): void;
}

/** Arrivals are noted at once, whatever the handler does: silence means the server's. Flow control bounds the queue. */
function openMailbox(connection: NatsConnection, inbox: string): Mailbox {
  const queue: Msg[] = [];
  let ended = false;
  let heardAt = performance.now();
  let notify: () => void = () => undefined;
  const end = (): void => {
    ended = true;
    notify();
  };
  const subscription: Subscription = connection.subscribe(inbox, {
    callback(error, message) {
      if (error) return end();
      heardAt = performance.now();
      queue.push(message);
      notify();
    },
  });
  const watch = setInterval(() => {
    if (performance.now() - heardAt > silenceMsMax) end();
  }, heartbeatMs);
  watch.unref();
  return {
    async next() {
      while (!ended && queue.length === 0) await new Promise<void>((resolve) => (notify = resolve));
      return ended ? undefined : queue.shift();
    },
    end,
    close() {
      ended = true;
      clearInterval(watch);
      if (!connection.isClosed()) subscription.unsubscribe();
    },
  };
}

/**
 * JetStream tells a message's place in its reply subject: `$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<time>.<pending>`,
 * with domain and account hash before the stream (and maybe one token more at the end) on servers that use the longer form.
 */
function placeOf(reply: string): { streamSequence: number; deliverySequence: number } {
  const tokens = reply.split('.');
  const first = tokens.length === 9 ? 5 : 7;
  return { streamSequence: Number(tokens[first]), deliverySequence: Number(tokens[first + 1]) };
}
