import { setTimeout as delay } from 'node:timers/promises';
import { ChainError, isChainError } from '@sheaf/primitives';
import type { Logger } from 'pino';
import { isConnectionLoss } from './errors.ts';
import { migrate } from './migrate.ts';
import type { Store } from './store.ts';

const pauseMs = 500;

/**
 * Migrates, once the database can be reached: a service and its database may start at the same time. What waiting does not
 * mend (a wrong password, a database that does not exist, a changed migration) is thrown at once, and so is everything
 * after an abort.
 * @throws ChainError `UNAVAILABLE` when the database was away for `patienceMs`, 30 s by default; otherwise as `migrate`
 */
export async function migrateWhenReachable(
  store: Store,
  migrations: string,
  options: { patienceMs?: number; signal: AbortSignal; log: Logger },
): Promise<{ applied: string[] }> {
  const { patienceMs = 30_000, signal, log } = options;
  const giveUpAt = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    try {
      // Says in one sentence what is wrong with the connection; migrate would only say that it was lost.
      await store.ping();
      return await migrate(store, migrations);
    } catch (error) {
      if (!isAway(error) || signal.aborted) throw error;
      if (performance.now() >= giveUpAt) {
        const message = `${error.message} (waited ${patienceMs / 1_000} s)`;
        throw new ChainError({ code: 'UNAVAILABLE', message }, { cause: error });
      }
      if (attempt === 1) log.warn({ err: error }, 'the database does not answer yet');
    }
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

function isAway(error: unknown): error is ChainError {
  return isChainError(error, 'UNAVAILABLE') && (error.cause === undefined || isConnectionLoss(error.cause));
}
