import { limits } from '@sheaf/primitives';
import {
  chainSettings,
  commonSettings,
  defineConfig,
  env,
  grpcSettings,
  natsSettings,
  peerSettings,
  secret,
  setting,
  type ConfigValues,
} from '@sheaf/service';
import { z } from 'zod';

const day = 86_400_000;
const minute = 60_000;

/** Everything that the sequencer reads from its environment. */
export const config = defineConfig({
  ...commonSettings,
  ...grpcSettings,
  ...chainSettings,
  ...natsSettings,
  executionAddress: peerSettings.executionAddress,
  settlementAddress: peerSettings.settlementAddress,
  daAddresses: peerSettings.daAddresses,
  databaseUrl: secret(
    'SHEAF_DATABASE_URL',
    env.url(['postgres', 'postgresql']),
    'PostgreSQL: the payload log and the mempool',
  ),
  holderId: setting(
    'SHEAF_HOLDER_ID',
    z
      .string()
      .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters')
      .optional(),
    'Name in the leadership lease: kept over restarts, different for every sequencer of one database. Default: the host name',
  ),
  leaseMs: setting(
    'SHEAF_LEASE_MS',
    env.durationMs(300, 10 * minute).default(5_000),
    'How long leadership lasts without renewal: a standby takes over after so many milliseconds',
  ),
  sealIntervalMs: setting(
    'SHEAF_SEAL_INTERVAL_MS',
    env.durationMs(10, minute).default(100),
    'Least milliseconds between two payloads',
  ),
  heartbeatMs: setting(
    'SHEAF_HEARTBEAT_MS',
    env.durationMs(100, day).default(12_000),
    'Milliseconds after which an idle chain gets an empty payload',
  ),
  safeLagMax: setting(
    'SHEAF_SAFE_LAG_MAX',
    env.integer(1, 1_000_000).default(64),
    'Payloads that may wait for data availability before admission and sealing stop',
  ),
  finalizedLagMax: setting(
    'SHEAF_FINALIZED_LAG_MAX',
    env.integer(1, 1_000_000).default(128),
    'Blocks that may wait for finality before admission and sealing stop',
  ),
  mempoolTransactionsMax: setting(
    'SHEAF_MEMPOOL_TRANSACTIONS_MAX',
    env.integer(1, 1_000_000).default(50_000),
    'Transactions in the mempool',
  ),
  mempoolBytesMax: setting(
    'SHEAF_MEMPOOL_BYTES_MAX',
    env.integer(limits.transactionBytesMax, 4_294_967_296).default(67_108_864),
    'Bytes of transactions in the mempool',
  ),
  senderTransactionsMax: setting(
    'SHEAF_SENDER_TRANSACTIONS_MAX',
    env.integer(1, 100_000).default(1_024),
    'Transactions of one sender in the mempool',
  ),
  admissionQueueMax: setting(
    'SHEAF_ADMISSION_QUEUE_MAX',
    env.integer(limits.submitBatchMax, 1_000_000).default(20_000),
    'Transactions submitted and not yet answered',
  ),
  tipMinWei: setting(
    'SHEAF_TIP_MIN_WEI',
    env.integer(0, 1_000_000_000_000).default(0),
    'Least max priority fee per gas that is admitted, wei',
  ),
  gapWaitMs: setting(
    'SHEAF_GAP_WAIT_MS',
    env.durationMs(0, 10_000).default(500),
    'Milliseconds that a transaction with a nonce gap waits, unanswered, for the missing ones; 0 refuses at once',
  ),
  gapWaitingMax: setting(
    'SHEAF_GAP_WAITING_MAX',
    env.integer(0, 100_000).default(4_096),
    'Transactions that wait so at a time',
  ),
  expiryMs: setting(
    'SHEAF_EXPIRY_MS',
    env.durationMs(0, 30 * day).default(0),
    'Milliseconds after which a waiting transaction is dropped; 0 keeps it',
  ),
  batchBlobsMax: setting(
    'SHEAF_BATCH_BLOBS_MAX',
    env.integer(1, limits.batchBlobsMax - 1).default(4),
    'Blobs that one batch is filled to; a single larger payload takes more',
  ),
  batchIntervalMs: setting(
    'SHEAF_BATCH_INTERVAL_MS',
    env.durationMs(0, minute).default(250),
    'Least milliseconds between the starts of two batches',
  ),
  batchesKept: setting(
    'SHEAF_BATCHES_KEPT',
    env.integer(1, 1_000_000).default(1_024),
    'Batches whose blobs are kept in the database',
  ),
});

export type SequencerConfig = ConfigValues<typeof config>;
