import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Sql, Tx } from './sql.ts';

/** One service's database. */
export interface Store {
  /** Single statements, each its own transaction. */
  query: Sql;
  /**
   * Runs the callback in a transaction: committed when it resolves, rolled back when it rejects.
   * When the connection is lost the transaction is over, later uses of `tx` throw, and what the callback does afterwards has no effect.
   * @throws ChainError `UNAVAILABLE` when the connection was lost: whether a commit under way took place is unknown
   * @throws ChainError `LIMIT` when too many transactions wait
   */
  transact<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  /** @throws ChainError `UNAVAILABLE` when the database does not answer */
  ping(): Promise<void>;
  /** Waits for what runs (5 s at most), then disconnects. */
  close(): Promise<void>;
}

export declare function openStore(
  options: { url: string; applicationName: string; connectionsMax?: number; transactionConnectionsMax?: number },
  deps: { log: Logger; metrics?: Registry },
): Store;
