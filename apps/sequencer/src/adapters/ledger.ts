import type { Store } from '@sheaf/store';
import type { Ledger } from '../ports.ts';
import { createLease } from './postgres-lease.ts';
import { createReads } from './postgres-reads.ts';
import { createWrites } from './postgres-writes.ts';

/** The ledger in PostgreSQL. */
export function createLedger(store: Store, deps: { onOutbox: () => void }): Ledger {
  return { ...createLease(store), ...createReads(store), ...createWrites(store, deps) };
}
