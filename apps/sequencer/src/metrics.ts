import type { Registry } from '@sheaf/service';
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Leading } from './flows/leading.ts';
import type { TermEvents } from './flows/term.ts';

/** The sequencer's metrics. Gauges are read when they are scraped; a standby shows 0. */
export function createMetrics(registry: Registry, deps: { leading: () => Leading | undefined }): TermEvents {
  const registers = [registry];
  const term = () => deps.leading()?.term();
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  const height = (name: string, help: string, read: (view: NonNullable<ReturnType<typeof term>>['view']) => bigint) =>
    gauge(name, help, () => {
      const view = term()?.view;
      return view ? Number(read(view)) : 0;
    });

  gauge('sheaf_sequencer_epoch', 'Leadership epoch of this process; 0 while it stands by', () =>
    Number(term()?.epoch ?? 0n),
  );
  gauge('sheaf_sequencer_mempool_transactions', 'Transactions in the mempool', () => term()?.mempool.size ?? 0);
  gauge('sheaf_sequencer_mempool_bytes', 'Bytes of transactions in the mempool', () => term()?.mempool.bytes ?? 0);
  gauge('sheaf_sequencer_diverged', '1 while the head is stopped because execution contradicts the log', () =>
    term()?.view.diverged === undefined ? 0 : 1,
  );
  height('sheaf_sequencer_sealed_height', 'Last sealed payload', (view) => view.sealed.height);
  height('sheaf_sequencer_executed_height', 'Last executed block known here', (view) => view.executed.height);
  height('sheaf_sequencer_safe_height', 'Last payload certified available', (view) => view.safe);
  height('sheaf_sequencer_finalized_height', 'Last finalized block known here', (view) => view.finalized);
  height('sheaf_sequencer_safe_lag', 'Payloads sealed and not certified', (view) => view.sealed.height - view.safe);
  height(
    'sheaf_sequencer_finalized_lag',
    'Payloads sealed and not final',
    (view) => view.sealed.height - view.finalized,
  );

  const admitted = new Counter({
    name: 'sheaf_sequencer_admissions_total',
    help: 'Submitted transactions by what became of them: ACCEPTED, KNOWN or the reason of the refusal',
    labelNames: ['outcome'],
    registers,
  });
  const transactions = new Counter({
    name: 'sheaf_sequencer_sealed_transactions_total',
    help: 'Transactions sealed',
    registers,
  });
  const sealSeconds = new Histogram({
    name: 'sheaf_sequencer_seal_seconds',
    help: 'From the decision to seal until the payload is durable',
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'sheaf_sequencer_batch_seconds',
    help: 'From the first look at a batch until its certificate is durable',
    buckets: [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
    registers,
  });
  const blobs = new Counter({ name: 'sheaf_sequencer_blobs_total', help: 'Blobs certified', registers });
  return {
    outcome: (outcome) =>
      admitted.inc({ outcome: outcome.accepted ? (outcome.known ? 'KNOWN' : 'ACCEPTED') : outcome.refusal.reason }),
    sealed(sealed) {
      transactions.inc(sealed.transactions);
      sealSeconds.observe(sealed.durationMs / 1_000);
    },
    certified(certified) {
      blobs.inc(certified.blobs);
      batchSeconds.observe(certified.durationMs / 1_000);
    },
  };
}
