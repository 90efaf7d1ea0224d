import type { Registry } from '@sheaf/service';
import { Counter, Gauge, Histogram } from 'prom-client';

/** What a member counts. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name: `sheaf_execution_${name}`, help, registers });
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `sheaf_execution_${name}`, help, labelNames, registers });
  return {
    head: gauge('head_height', 'Last executed height'),
    published: gauge('published_height', 'Last height announced on the bus'),
    stopped: gauge('head_stopped', 'ALARM: 1 while the next payload cannot be executed; the head does not move'),
    transactions: counter('transactions_total', 'Transactions in executed blocks'),
    dropped: counter('dropped_total', 'Transactions of payloads left out of blocks, by reason', ['reason']),
    gas: counter('gas_total', 'Gas used by executed blocks'),
    calls: counter('calls_total', 'Calls, estimates and witnesses made again, by outcome', ['outcome']),
    traces: counter('traces_total', 'Traces, by outcome', ['outcome']),
    traceSeconds: new Histogram({
      name: 'sheaf_execution_trace_seconds',
      help: 'From a trace asked for to its answer or error, the wait for the ones before it included',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
      registers,
    }),
    threadRestarts: counter('thread_restarts_total', 'Worker threads replaced after a time limit or a crash'),
    oldestState: gauge('oldest_state_height', 'Lowest height whose state can be read'),
    stateCacheBytes: new Gauge({
      name: 'sheaf_execution_state_cache_bytes',
      help: 'Memory of the state store, by what it holds; pending is what the tables have not yet',
      labelNames: ['of'],
      registers,
    }),
    stateCacheLookups: new Gauge({
      name: 'sheaf_execution_state_cache_lookups',
      help: 'Look-ups in the caches of the state store since the start, by what they hold and outcome',
      labelNames: ['of', 'outcome'],
      registers,
    }),
    statePendingHeights: gauge('state_pending_heights', 'Heights whose changes are in the journal alone'),
    stateJournalBytes: gauge('state_journal_bytes', 'Journal of the last block'),
    stateCommitsHeldUp: gauge('state_commits_held_up', 'Blocks that waited until changes were carried into the tables'),
    stateMaintenanceFailing: gauge(
      'state_maintenance_failing',
      'ALARM: 1 while changes cannot be carried into the tables; when too many wait, the head stops',
    ),
    payload: gauge('payload_height', 'Highest payload that this member knows of; less the head: its lag'),
    executedHere: counter(
      'transactions_executed_total',
      'Transactions that this member has run for a block that counts',
    ),
    remoteReads: counter('remote_reads_total', 'Keys that this member has asked other members for'),
    repairRounds: counter('repair_rounds_total', 'Rounds after the first, of the whole lane; told by the coordinator'),
    attemptsLost: counter('lane_attempts_lost_total', 'Tries at a block that were given up'),
    divergence: gauge(
      'lane_divergence',
      'ALARM: 1 when another lane has announced another block at a height of this one',
    ),
    snapshotImporting: gauge('snapshot_importing', '1 while the member has no state and waits for one, or fetches it'),
    snapshotRows: counter('snapshot_rows_total', 'Rows of a snapshot that this process has fetched, by what they are', [
      'of',
    ]),
    seconds: new Histogram({
      name: 'sheaf_execution_block_seconds',
      help: 'From a payload at hand to its block on disk',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
