import { ChainError } from '@sheaf/primitives';
import { isConnectionLoss } from './errors.ts';
import { asSql, type RawSql, type RawTx, type Tx } from './sql.ts';

/** Transactions that may wait for a connection; more is overload, and said so. */
const waitingMax = 1_000;
const retryAfterMs = 100;

/** Runs transactions, each alone on its connection. */
export interface Transactions {
  transact<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  waiting(): number;
  close(timeoutSeconds: number): Promise<void>;
}

/**
 * postgres 3.4 goes on with a transaction's callback after its connection died, and may run the rest of it, or its COMMIT or ROLLBACK, on a new connection:
 * outside any transaction, or inside a stranger's. So every lane here is a pool of one connection that runs nothing but `begin`, one at a time;
 * the moment that its connection closes, the transaction is marked lost, its handle refuses every query (those prepared before too), and its
 * callback is never seen to settle, so that the library sends no COMMIT or ROLLBACK for it.
 */
export function createTransactions(options: { lanesMax: number }, deps: { open: OpenLane }): Transactions {
  const idle: Lane[] = [];
  const queue: ((lane: Lane) => void)[] = [];
  const lanes: Lane[] = [];

  function take(): Promise<Lane> | Lane {
    const free = idle.pop();
    if (free) return free;
    if (lanes.length < options.lanesMax) {
      const lane = openLane(deps.open);
      lanes.push(lane);
      return lane;
    }
    if (queue.length >= waitingMax) {
      const message = `${waitingMax} database transactions wait already`;
      throw new ChainError({ code: 'LIMIT', message, retryAfterMs });
    }
    return new Promise((resolve) => queue.push(resolve));
  }

  function give(lane: Lane): void {
    const next = queue.shift();
    if (next) next(lane);
    else idle.push(lane);
  }

  return {
    async transact(run) {
      const lane = await take();
      try {
        return await runIn(lane, run);
      } finally {
        give(lane);
      }
    },
    waiting: () => queue.length,
    async close(timeoutSeconds) {
      await Promise.all(lanes.map((lane) => lane.end(timeoutSeconds)));
    },
  };
}

/** Opens a pool of one connection that calls back when the connection closes. */
export type OpenLane = (onClose: () => void) => RawSql;

interface Lane {
  sql: RawSql;
  lease: Lease | undefined;
  /** Ends the pool and opens another. */
  renew(): void;
  end(timeoutSeconds: number): Promise<void>;
}

/** `open` while its queries may run; `over` when the callback has settled; `lost` when the connection closed before. */
interface Lease {
  state: 'open' | 'over' | 'lost';
}

function openLane(open: OpenLane): Lane {
  const onClose = (): void => {
    if (lane.lease) lane.lease.state = 'lost';
  };
  const lane: Lane = {
    lease: undefined,
    sql: open(onClose),
    renew() {
      void lane.end(0).catch(() => undefined);
      lane.sql = open(onClose);
    },
    end: (timeoutSeconds) => lane.sql.end({ timeout: timeoutSeconds }),
  };
  return lane;
}

async function runIn<T>(lane: Lane, run: (tx: Tx) => Promise<T>): Promise<T> {
  const lease: Lease = { state: 'open' };
  try {
    const settled = await lane.sql.begin(async (raw) => {
      lane.lease = lease;
      try {
        return { value: await run(guard(raw, lease)) };
      } finally {
        // Thrown or not: a callback without its transaction must not let the library go on.
        if (lease.state === 'lost') await new Promise<never>(() => undefined);
        lease.state = 'over';
      }
    });
    return (settled as { value: T }).value;
  } catch (cause) {
    if (!isConnectionLoss(cause)) throw cause;
    // The library would also report the old connection's last error as that of the new one's first query.
    lane.renew();
    const message = 'the database connection was lost; whether the transaction was committed is unknown';
    throw new ChainError({ code: 'UNAVAILABLE', message }, { cause });
  } finally {
    lane.lease = undefined;
    if (lease.state === 'open') lease.state = 'lost';
  }
}

/** A query runs when it is awaited, maybe long after it was made: so it is stopped on its way to the connection, not only when it is made. */
function guard(raw: RawTx, lease: Lease): Tx {
  return asSql(raw, (query) => {
    const send = query.handler;
    query.handler = (self) => {
      if (lease.state === 'open') send(self);
      else self.reject(gone(lease.state));
    };
  });
}

function gone(state: 'over' | 'lost'): ChainError {
  return state === 'lost'
    ? new ChainError({ code: 'UNAVAILABLE', message: 'the transaction was lost with its connection' })
    : new ChainError({ code: 'INTERNAL', message: 'the transaction is over: a query was not awaited inside it' });
}
