import { startAdminServer, type AdminServer } from './admin-server.ts';
import type { Logger } from './logger.ts';
import type { Registry } from './metrics.ts';
import type { Health, Service } from './service.ts';

/** A service that has not stopped after this time is left behind: an orchestrator's own patience is 30 s. */
const stopGraceMs = 10_000;

export interface Lifecycle {
  start(
    admin: { host: string; port: number },
    metrics: Registry,
    create: () => Service | Promise<Service>,
  ): Promise<void>;
  stop(reason: string): void;
  /** The first stops in order, the second ends the process at once. */
  signal(name: string): void;
  fatal(error: unknown): void;
  health(): Health;
}

/**
 * The states of a service process: starting, running, stopping, gone. Readiness ends before anything is released, and the
 * admin server goes last, so that one can watch the stop.
 */
export function createLifecycle(deps: {
  name: string;
  log: Logger;
  drainLog: () => Promise<void>;
  explain: (error: unknown) => string;
}): Lifecycle {
  const { log } = deps;
  let state: 'starting' | 'running' | 'stopping' = 'starting';
  let exitCode = 0;
  let service: Service | undefined;
  let admin: AdminServer | undefined;

  const exit = (code: number) => {
    void deps.drainLog().then(() => process.exit(code));
  };

  const release = async (reason: string) => {
    log.info({ reason }, 'stopping');
    const timer = setTimeout(() => {
      log.fatal({ graceMs: stopGraceMs }, 'did not stop in time');
      exit(1);
    }, stopGraceMs);
    try {
      await service?.stop();
    } catch (error) {
      log.error({ err: error }, 'did not stop cleanly');
      exitCode = 1;
    }
    await admin?.close();
    clearTimeout(timer);
    log.info({ exitCode }, 'stopped');
    exit(exitCode);
  };

  const stop = (reason: string) => {
    if (state === 'stopping') return;
    state = 'stopping';
    void release(reason);
  };

  const fatal = (error: unknown) => {
    log.fatal({ err: error }, 'fatal error');
    exitCode = 1;
    stop('fatal error');
  };

  const health = (): Health => {
    if (state === 'stopping') return { ready: false, checks: { lifecycle: { ok: false, detail: state } } };
    const own = readHealth(service);
    return state === 'running'
      ? own
      : { ready: false, checks: { ...own.checks, lifecycle: { ok: false, detail: state } } };
  };

  return {
    stop,
    fatal,
    health,
    signal(name) {
      if (state !== 'stopping') return stop(name);
      log.warn({ signal: name }, 'second signal: ending at once');
      exit(130);
    },
    async start(address, metrics, create) {
      try {
        admin = await startAdminServer(address, { metrics, health });
        if (state !== 'starting') return await admin.close();
        service = await create();
        if (state === 'starting') await service.start();
        else await service.stop();
      } catch (error) {
        // What an interrupted start throws is the stop's doing.
        if (state !== 'starting') return;
        const sentence = deps.explain(error);
        process.stderr.write(`${deps.name} cannot start: ${sentence}\n`);
        log.fatal({ err: error }, `cannot start: ${sentence}`);
        exitCode = 1;
        return stop('failed start');
      }
      if (state !== 'starting') return;
      state = 'running';
      log.info({ adminPort: admin.port }, 'started');
    },
  };
}

function readHealth(service: Service | undefined): Health {
  try {
    return service?.health() ?? { ready: false, checks: {} };
  } catch (error) {
    return {
      ready: false,
      checks: { health: { ok: false, detail: error instanceof Error ? error.message : String(error) } },
    };
  }
}
