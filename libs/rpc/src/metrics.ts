import type { Registry } from '@sheaf/service';
import client from 'prom-client';

/** Times calls: `done(code)` once for each. */
export interface CallTimer {
  start(method: string): (code: string) => void;
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The histogram `sheaf_rpc_<side>_seconds` by method and ChainError code (`OK` for none), one a registry. */
export function callTimer(side: 'server' | 'client', registry: Registry | undefined): CallTimer {
  if (!registry) return { start: () => () => {} };
  const name = `sheaf_rpc_${side}_seconds`;
  const histogram =
    (registry.getSingleMetric(name) as client.Histogram<'method' | 'code'> | undefined) ??
    new client.Histogram({
      name,
      help: `Duration of gRPC calls on the ${side}'s side, streams to their end`,
      labelNames: ['method', 'code'],
      buckets,
      registers: [registry],
    });
  return {
    start(method) {
      const end = histogram.startTimer({ method });
      return (code) => void end({ code });
    },
  };
}
