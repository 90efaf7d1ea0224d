import client from 'prom-client';

/** A Prometheus registry; every process has one of its own. */
export type Registry = client.Registry;

/** A registry with the process's own metrics, event-loop delay (`nodejs_eventloop_lag_*`) included, and who it is. */
export function createRegistry(options: { name: string; version: string }): Registry {
  const registry = new client.Registry();
  client.collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 });
  const build = new client.Gauge({
    name: 'sheaf_build_info',
    help: 'Always 1; the labels say which service and version this process is',
    labelNames: ['service', 'version'],
    registers: [registry],
  });
  build.set({ service: options.name, version: options.version }, 1);
  return registry;
}

/** Gauges that are read when Prometheus asks. */
export function observe(registry: Registry, name: string, help: string, read: () => number): void {
  new client.Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
