import pino from 'pino';
import client from 'prom-client';
import type { ServiceContext } from './service.ts';

export interface TestContext<C> extends ServiceContext<C> {
  /** What the service passed to `fatal`, in order. */
  readonly fatalErrors: readonly unknown[];
}

/** For a service that runs inside a test: silent log, fresh registry, and `fatal` only remembers. */
export function testContext<C>(config: C, name = 'test'): TestContext<C> {
  const fatalErrors: unknown[] = [];
  return {
    name,
    version: '0.0.0',
    config,
    log: pino({ level: 'silent' }),
    metrics: new client.Registry(),
    fatal: (error) => void fatalErrors.push(error),
    fatalErrors,
  };
}
