import { toEpoch, type Epoch } from '@sheaf/primitives';
import type { Store } from '@sheaf/store';
import type { Ledger } from '../ports.ts';

/** Leadership as one row. The time is the database's, so that no two clocks are compared. */
export function createLease(store: Store): Pick<Ledger, 'acquireLease' | 'renewLease' | 'releaseLease'> {
  const milliseconds = (ms: number) => store.query`(${ms}::int4 * interval '1 millisecond')`;
  return {
    async acquireLease({ holder, ttlMs, reclaim }): Promise<Epoch | undefined> {
      const rows = await store.query<{ epoch: bigint }[]>`
        update lease
        set epoch = epoch + 1, holder = ${holder}, expires_at = clock_timestamp() + ${milliseconds(ttlMs)}
        where expires_at <= clock_timestamp() or (${reclaim}::boolean and holder = ${holder})
        returning epoch`;
      return rows[0] && toEpoch(rows[0].epoch);
    },
    async renewLease(epoch, ttlMs) {
      const rows = await store.query`
        update lease set expires_at = clock_timestamp() + ${milliseconds(ttlMs)} where epoch = ${epoch} returning 1`;
      return rows.length === 1;
    },
    async releaseLease(epoch) {
      await store.query`update lease set expires_at = clock_timestamp() where epoch = ${epoch}`;
    },
  };
}
