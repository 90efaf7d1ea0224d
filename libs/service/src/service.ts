import type { ConfigDefinition, ConfigValues } from './config.ts';
import type { Logger } from './logger.ts';
import type { Registry } from './metrics.ts';
import type { Setting } from './setting.ts';

/** What a service is given by the process that runs it. */
export interface ServiceContext<C> {
  readonly name: string;
  readonly version: string;
  readonly config: C;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Logs the error, stops the service in order and ends the process with exit code 1. Returns at once. */
  fatal(error: unknown): void;
}

/** What `/readyz` says. */
export interface Health {
  ready: boolean;
  checks: Record<string, { ok: boolean; detail?: string }>;
}

/** One service in its process. */
export interface Service {
  /** Resolves when the service works, or keeps trying by itself to reach what it depends on. Rejects when it cannot ever start. */
  start(): Promise<void>;
  /**
   * Everything is released, in the reverse order of the start. May be called once at any time: while `start` is under way
   * and after it failed, too. Must be done within 10 s.
   */
  stop(): Promise<void>;
  /** Answers at once, from memory. */
  health(): Health;
}

/** A service: its name, its settings and its composition root. */
export interface ServiceDefinition<S extends Record<string, Setting<unknown>>> {
  readonly name: string;
  readonly config: ConfigDefinition<S>;
  create(context: ServiceContext<ConfigValues<S>>): Service | Promise<Service>;
}

/** The definition itself, typed. */
export function defineService<S extends Record<string, Setting<unknown>>>(
  definition: ServiceDefinition<S>,
): ServiceDefinition<S> {
  return definition;
}
