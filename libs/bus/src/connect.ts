import { ChainError } from '@sheaf/primitives';
import { NatsError } from 'nats';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Bus, BusMessage, BusSubscription, Topic } from './bus.ts';
import { openLink, type Link } from './link.ts';
import { busMetrics } from './metrics.ts';
import { subscribeOrdered } from './ordered-subscription.ts';
import { checkBusMessage } from './message.ts';
import { checkPrefix, ensureStream, subjectName } from './streams.ts';

const publishTimeoutMs = 5_000;

/**
 * A bus over NATS JetStream: one stream per topic, `<prefix>-<topic>`, bounded by age, bytes and count, made when missing. Resolves after the
 * first try to connect; when no server answers, connecting goes on in the background and `ready()` tells when it succeeded.
 * @throws ChainError `UNAVAILABLE` when a server is there but older than 2.9, without JetStream, or refuses us
 */
export async function connectBus(
  options: { url: string; streamPrefix: string; name: string },
  deps: { log: Logger; metrics?: Registry },
): Promise<Bus> {
  checkPrefix(options.streamPrefix);
  const link = await openLink(options, deps);
  const metrics = busMetrics(deps.metrics, () => link.current() !== undefined);
  const subscriptions = new Set<BusSubscription>();
  return {
    ready: () => link.current() !== undefined,
    async publish(topic, message) {
      checkBusMessage(message);
      try {
        const stored = await publish(link, options.streamPrefix, topic, message);
        metrics.published.inc({ topic });
        return stored;
      } catch (error) {
        metrics.publishFailed.inc({ topic });
        throw error;
      }
    },
    async subscribe(topic, handler, { onGap } = {}) {
      const events = {
        onMessage(delivery: Parameters<typeof handler>[0]) {
          metrics.received.inc({ topic });
          return handler(delivery);
        },
        onGap(missed: { from: number; to: number }) {
          metrics.gaps.inc({ topic });
          deps.log.warn({ topic, ...missed }, 'announcements were missed');
          onGap?.(missed);
        },
        onRestart: () => metrics.restarts.inc({ topic }),
      };
      const inner = await subscribeOrdered({ ...options, topic }, { link, log: deps.log, events });
      const subscription = {
        async stop() {
          subscriptions.delete(subscription);
          await inner.stop();
        },
      };
      subscriptions.add(subscription);
      return subscription;
    },
    async close() {
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
      await link.close();
    },
  };
}

async function publish(link: Link, prefix: string, topic: Topic, { id, body }: BusMessage) {
  const connected = link.current();
  if (!connected) throw new ChainError({ code: 'UNAVAILABLE', message: 'NATS is away' });
  const send = async () => {
    const { seq, duplicate } = await connected.connection
      .jetstream()
      .publish(subjectName(prefix, topic), body, { msgID: id, timeout: publishTimeoutMs });
    return { sequence: seq, duplicate };
  };
  try {
    return await send().catch(async (error: unknown) => {
      if (!isNobodyListening(error)) throw error;
      // Somebody deleted the stream.
      await ensureStream(connected.manager, prefix, topic);
      return send();
    });
  } catch (cause) {
    const message = `NATS did not acknowledge a message of ${topic}: ${(cause as Error).message}`;
    throw new ChainError({ code: 'UNAVAILABLE', message }, { cause });
  }
}

function isNobodyListening(error: unknown): boolean {
  return error instanceof NatsError && error.code === '503';
}
