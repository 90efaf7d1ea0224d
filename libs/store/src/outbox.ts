import { checkBusMessage, type Bus, type Topic } from '@sheaf/bus';
import { ChainError } from '@sheaf/primitives';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import type { Tx } from './sql.ts';
import type { Store } from './store.ts';

export { outboxMigrationSql } from './outbox-table.ts';

/** One announcement, to be published once its transaction is committed. */
export interface OutboxMessage {
  topic: Topic;
  /** The bus stores two messages of one id once: name what is announced, such as its topic, height and hash. */
  id: string;
  /** At most `busBodyBytesMax` bytes. */
  body: Uint8Array;
}

/** Rows that may wait for the bus: at ten blocks a second and four topics, over four hours without it. */
export const outboxPendingMax = 100_000;
const retryAfterMs = 1_000;

/**
 * The messages are published after the transaction commits, in the order of appending, and not at all when it does not.
 * @throws ChainError `LIMIT` when `outboxPendingMax` messages wait, `INVALID_ARGUMENT` when the bus would refuse an id or a body
 */
export async function appendOutbox(tx: Tx, messages: readonly OutboxMessage[]): Promise<void> {
  if (messages.length === 0) return;
  // A message that the bus refuses would block those behind it for ever.
  messages.forEach(checkBusMessage);
  const rows = messages.map(({ topic, id, body }) => ({ topic, id, body }));
  // Two look-ups in the primary key; gaps in it make the estimate high, never low.
  const [span] = await tx<{ pending: bigint }[]>`
    with added as (insert into outbox ${tx(rows, 'topic', 'id', 'body')})
    select coalesce((select max(sequence) from outbox) - (select min(sequence) from outbox) + 1, 0) as pending`;
  if (span!.pending + BigInt(rows.length) > BigInt(outboxPendingMax)) {
    const message = `${outboxPendingMax} announcements wait for the bus already`;
    throw new ChainError({ code: 'LIMIT', message, retryAfterMs });
  }
}

/** A running relay. */
export interface OutboxRelay {
  /** To be called after a commit that appended: publishing begins at once. */
  wake(): void;
  /** Afterwards nothing is published any more; what is left waits in the table for the next start. */
  stop(): Promise<void>;
  /** Messages that wait. */
  pending(): Promise<number>;
}

const batchMaxDefault = 100;
const pollMsDefault = 1_000;
const retryMs = { min: 50, max: 2_000 };

/**
 * Publishes the outbox in order and deletes what the bus has acknowledged. A message may be published twice (a crash between the two):
 * its id makes the bus keep one. Outages of bus and database are waited out. Besides `wake` it looks every `pollMs` (default 1000).
 */
export function startOutboxRelay(
  options: { batchMax?: number; pollMs?: number },
  deps: { store: Store; bus: Bus; log: Logger; metrics?: Registry },
): OutboxRelay {
  const bell = createBell();
  const gauge = pendingGauge(deps.metrics);
  let stopped = false;
  const batchMax = options.batchMax ?? batchMaxDefault;

  async function run(): Promise<void> {
    let waitMs = retryMs.min;
    while (!stopped) {
      try {
        const found = await relayBatch(deps, batchMax, () => stopped);
        if (waitMs > retryMs.min) deps.log.info('the outbox is relayed again');
        waitMs = retryMs.min;
        gauge?.set(found < batchMax ? 0 : await count(deps.store));
        if (found < batchMax && !stopped) await bell.wait(options.pollMs ?? pollMsDefault);
      } catch (error) {
        if (waitMs === retryMs.min) deps.log.warn({ err: error }, 'the outbox cannot be relayed; trying again');
        gauge?.set(await count(deps.store).catch(() => Number.NaN));
        if (!stopped) await bell.pause(waitMs);
        waitMs = Math.min(waitMs * 2, retryMs.max);
      }
    }
  }

  const running = run();
  return {
    wake: () => bell.ring(),
    async stop() {
      stopped = true;
      bell.end();
      await running;
    },
    pending: () => count(deps.store),
  };
}

/** Publishes up to `batchMax` messages; how many there were. What was acknowledged is deleted even if a later one fails. */
async function relayBatch(
  { store, bus }: { store: Store; bus: Bus },
  batchMax: number,
  isStopped: () => boolean,
): Promise<number> {
  const rows = await store.query<{ sequence: bigint; topic: Topic; id: string; body: Buffer }[]>`
    select sequence, topic, id, body from outbox order by sequence limit ${batchMax}`;
  const published: bigint[] = [];
  try {
    for (const { sequence, topic, id, body } of rows) {
      if (isStopped()) break;
      await bus.publish(topic, { id, body });
      published.push(sequence);
    }
  } finally {
    if (published.length > 0) await store.query`delete from outbox where sequence in ${store.query(published)}`;
  }
  return rows.length;
}

async function count(store: Store): Promise<number> {
  const [row] = await store.query<{ pending: bigint }[]>`select count(*) as pending from outbox`;
  return Number(row!.pending);
}

function pendingGauge(metrics: Registry | undefined): Gauge | undefined {
  if (!metrics) return undefined;
  const help = 'Announcements that wait in the outbox.';
  return new Gauge({ name: 'sheaf_outbox_pending', help, registers: [metrics] });
}

interface Bell {
  ring(): void;
  /** Resolves at the next ring (or at once when one came since the last wait) or after `ms`. */
  wait(ms: number): Promise<void>;
  /** Resolves after `ms`, whoever rings. */
  pause(ms: number): Promise<void>;
  /** Ends every wait, now and later. */
  end(): void;
}

function createBell(): Bell {
  let rung = false;
  let ended = false;
  let answer: (ending: boolean) => void = () => undefined;
  const sleep = (ms: number, ringEnds: boolean): Promise<void> =>
    new Promise((resolve) => {
      if (ended || (ringEnds && rung)) return resolve();
      const timer = setTimeout(resolve, ms);
      timer.unref();
      answer = (ending) => {
        if (!ending && !ringEnds) return;
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    ring() {
      rung = true;
      answer(false);
    },
    async wait(ms) {
      await sleep(ms, true);
      rung = false;
    },
    pause: (ms) => sleep(ms, false),
    end() {
      ended = true;
      answer(true);
    },
  };
}
