import { ChainError } from '@sheaf/primitives';
import type { Logger } from '@sheaf/service';
import type { Store } from '@sheaf/store';
import { setTimeout as delay } from 'node:timers/promises';

const attempts = 60;
const pauseMs = 500;

/** Resolves when the database answers. @throws ChainError `UNAVAILABLE` after 30 s without an answer */
export async function waitForDatabase(store: Store, log: Logger): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.ping();
    } catch (cause) {
      if (attempt === 1) log.warn({ err: cause }, 'the database does not answer yet');
      if (attempt >= attempts) {
        throw new ChainError(
          { code: 'UNAVAILABLE', message: 'the database did not answer for 30 s (SHEAF_DATABASE_URL)' },
          { cause },
        );
      }
      await delay(pauseMs);
    }
  }
}
