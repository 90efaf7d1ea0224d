import { Counter, Gauge, type Registry } from 'prom-client';

/** The bus's numbers. Without a registry they are counted nowhere. */
export function busMetrics(registry: Registry | undefined, ready: () => boolean) {
  const registers = registry ? [registry] : [];
  const topicLabel = ['topic'] as const;
  new Gauge({
    name: 'sheaf_bus_ready',
    help: '1 while connected to a suitable NATS server that has the streams.',
    registers,
    collect() {
      this.set(ready() ? 1 : 0);
    },
  });
  return {
    published: new Counter({
      name: 'sheaf_bus_published_total',
      help: 'Announcements acknowledged by the server, duplicates included.',
      labelNames: topicLabel,
      registers,
    }),
    publishFailed: new Counter({
      name: 'sheaf_bus_publish_failed_total',
      help: 'Announcements that the server did not acknowledge.',
      labelNames: topicLabel,
      registers,
    }),
    received: new Counter({
      name: 'sheaf_bus_received_total',
      help: 'Announcements handed to a subscriber.',
      labelNames: topicLabel,
      registers,
    }),
    gaps: new Counter({
      name: 'sheaf_bus_gaps_total',
      help: 'Times that a subscriber missed announcements.',
      labelNames: topicLabel,
      registers,
    }),
    restarts: new Counter({
      name: 'sheaf_bus_subscription_restarts_total',
      help: 'Times that a subscription had to be made anew.',
      labelNames: topicLabel,
      registers,
    }),
  };
}
