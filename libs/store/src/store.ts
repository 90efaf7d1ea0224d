import { ChainError } from '@sheaf/primitives';
import type { Logger } from 'pino';
import postgres from 'postgres';
import { Gauge, type Registry } from 'prom-client';
import { asSql, byteaArray, int4Array, type RawSql, type Sql, type Tx } from './sql.ts';
import { createTransactions, type Transactions } from './transactions.ts';

/** One service's database. */
export interface Store {
  /** Single statements, each its own transaction. */
  query: Sql;
  /**
   * Runs the callback in a transaction: committed when it resolves, rolled back when it rejects.
   * When the connection is lost the transaction is over, later uses of `tx` throw, and what the callback does afterwards has no effect.
   * Inside, use `tx` alone and await every query. Serialization is the database's default (read committed).
   * @throws ChainError `UNAVAILABLE` when the connection was lost: whether a commit under way took place is unknown
   * @throws ChainError `LIMIT` when 1,000 transactions wait for a connection
   */
  transact<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  /** @throws ChainError `UNAVAILABLE` when the database does not answer */
  ping(): Promise<void>;
  /** Waits for what runs (5 s at most), then disconnects. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** postgres://user:password@host:port/database */
  url: string;
  applicationName: string;
  /** Connections for single statements. Default 4. */
  connectionsMax?: number;
  /** Transactions at a time. Default 4. */
  transactionConnectionsMax?: number;
}

const connectTimeoutSeconds = 5;
const closeTimeoutSeconds = 5;
const statementTimeoutMs = 60_000;
/** A callback that hangs would hold its locks for ever. */
const idleTransactionTimeoutMs = 60_000;
const reconnectSecondsMax = 1;

/** Connects lazily: the database need not be there yet, `ping` tells. */
export function openStore(options: StoreOptions, deps: { log: Logger; metrics?: Registry }): Store {
  const open = (max: number, onClose: () => void): RawSql => connect(options, deps.log, max, onClose);
  const pool = open(options.connectionsMax ?? 4, () => undefined);
  const transactions = createTransactions(
    { lanesMax: options.transactionConnectionsMax ?? 4 },
    { open: (onClose) => open(1, onClose) },
  );
  measure(transactions, deps.metrics);
  const query = asSql(pool);
  return {
    query,
    transact: (run) => transactions.transact(run),
    async ping() {
      try {
        await query`select 1`;
      } catch (cause) {
        const { host, pathname } = new URL(options.url);
        const message = `the database ${host}${pathname} does not answer: ${reason(cause)}`;
        throw new ChainError({ code: 'UNAVAILABLE', message }, { cause });
      }
    },
    async close() {
      await Promise.all([transactions.close(closeTimeoutSeconds), pool.end({ timeout: closeTimeoutSeconds })]);
    },
  };
}

function connect(options: StoreOptions, log: Logger, max: number, onClose: () => void): RawSql {
  return postgres(options.url, {
    max,
    connect_timeout: connectTimeoutSeconds,
    backoff: (tries: number) => Math.min(0.05 * 2 ** tries, reconnectSecondsMax),
    types: { bigint: postgres.BigInt, int4Array, byteaArray },
    // Nobody catches when the session is cut during the library's own query for the array types: the whole process would end.
    fetch_types: false,
    connection: {
      application_name: options.applicationName,
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleTransactionTimeoutMs,
    },
    onnotice: (notice) => log.debug({ notice: notice['message'] }, 'the database notes'),
    onclose: onClose,
  });
}

function reason(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  // Node's errors about several addresses have an empty message.
  return message !== undefined && message !== '' ? message : (code ?? 'unknown');
}

function measure(transactions: Transactions, metrics: Registry | undefined): void {
  if (!metrics) return;
  new Gauge({
    name: 'sheaf_store_transactions_waiting',
    help: 'Transactions that wait for a connection.',
    registers: [metrics],
    collect() {
      this.set(transactions.waiting());
    },
  });
}
