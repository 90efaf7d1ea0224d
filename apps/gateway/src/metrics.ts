import type { Registry } from '@sheaf/service';
import { Counter, Gauge, Histogram } from 'prom-client';

/** The gateway's measurements. */
export interface GatewayMetrics {
  request(method: string, code: number | undefined, durationMs: number): void;
  head(name: 'latest' | 'safe' | 'finalized', height: bigint): void;
  diverged(): void;
  submitted(batchSize: number): void;
  connections(count: number): void;
  subscriptions(count: number): void;
  slowConsumer(): void;
}

export function createMetrics(registry: Registry): GatewayMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'sheaf_gateway_requests_total',
    help: 'JSON-RPC requests by method and error code (0: success)',
    labelNames: ['method', 'code'],
    registers,
  });
  const durations = new Histogram({
    name: 'sheaf_gateway_request_seconds',
    help: 'Time to serve one JSON-RPC request',
    labelNames: ['method'],
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers,
  });
  const heads = new Gauge({
    name: 'sheaf_gateway_head_height',
    help: 'Heights of latest (indexed), safe and finalized',
    labelNames: ['head'],
    registers,
  });
  const divergence = new Gauge({
    name: 'sheaf_gateway_divergence',
    help: '1 when two sources disagree about a block: the index has stopped, somebody must look',
    registers,
  });
  const batches = new Histogram({
    name: 'sheaf_gateway_submit_batch_size',
    help: 'Transactions handed to the sequencer at once',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers,
  });
  const sockets = new Gauge({
    name: 'sheaf_gateway_websocket_connections',
    help: 'Open WebSocket connections',
    registers,
  });
  const subscribed = new Gauge({
    name: 'sheaf_gateway_subscriptions',
    help: 'Subscriptions over all connections',
    registers,
  });
  const slow = new Counter({
    name: 'sheaf_gateway_slow_consumers_total',
    help: 'WebSocket connections closed because their queue was full',
    registers,
  });
  return {
    request(method, code, durationMs) {
      requests.inc({ method, code: String(code ?? 0) });
      durations.observe({ method }, durationMs / 1_000);
    },
    head: (name, height) => heads.set({ head: name }, Number(height)),
    diverged: () => divergence.set(1),
    submitted: (size) => batches.observe(size),
    connections: (count) => sockets.set(count),
    subscriptions: (count) => subscribed.set(count),
    slowConsumer: () => slow.inc(),
  };
}
