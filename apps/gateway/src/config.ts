import {
  chainSettings,
  commonSettings,
  defineConfig,
  env,
  natsSettings,
  peerSettings,
  secret,
  setting,
  tlsSettings,
  type ConfigValues,
} from '@sheaf/service';
import { z } from 'zod';

/** The gateway's settings. */
export const gatewayConfig = defineConfig({
  ...commonSettings,
  ...tlsSettings,
  ...chainSettings,
  ...natsSettings,
  sequencerAddress: peerSettings.sequencerAddress,
  executionAddress: peerSettings.executionAddress,
  settlementAddress: peerSettings.settlementAddress,
  httpHost: setting('SHEAF_HTTP_HOST', env.host().default('127.0.0.1'), 'Address on which JSON-RPC is served'),
  httpPort: setting(
    'SHEAF_HTTP_PORT',
    env.port().default(8545),
    'Port of JSON-RPC, HTTP and WebSocket alike; 0 takes a free one',
  ),
  databaseUrl: secret('SHEAF_DATABASE_URL', env.url(['postgres', 'postgresql']), 'PostgreSQL database of the index'),
  corsOrigins: setting(
    'SHEAF_CORS_ORIGINS',
    z.string().max(4_096).default('*'),
    'Origins whose web pages may call: * for all, a comma list, or none',
  ),
  requestTimeoutMs: setting(
    'SHEAF_REQUEST_TIMEOUT_MS',
    env.durationMs(100, 600_000).default(30_000),
    'Time for one JSON-RPC request or batch',
  ),
  readDeadlineMs: setting(
    'SHEAF_READ_DEADLINE_MS',
    env.durationMs(100, 60_000).default(10_000),
    'Time for one read from another service',
  ),
  callDeadlineMs: setting(
    'SHEAF_CALL_DEADLINE_MS',
    env.durationMs(100, 60_000).default(15_000),
    'Time for one eth_call or eth_estimateGas at execution',
  ),
  traceDeadlineMs: setting(
    'SHEAF_TRACE_DEADLINE_MS',
    env.durationMs(100, 300_000).default(25_000),
    'Time for one debug_trace… at execution, the wait for those before it included',
  ),
  submitDeadlineMs: setting(
    'SHEAF_SUBMIT_DEADLINE_MS',
    env.durationMs(100, 60_000).default(15_000),
    'Time for one batch of transactions at the sequencer',
  ),
  submitGatherMs: setting(
    'SHEAF_SUBMIT_GATHER_MS',
    env.durationMs(0, 100).default(2),
    'How long a transaction waits for others to travel with',
  ),
  submitWaitingMax: setting(
    'SHEAF_SUBMIT_WAITING_MAX',
    env.integer(1, 100_000).default(5_000),
    'Transactions that wait to be handed to the sequencer',
  ),
  requestsMax: setting(
    'SHEAF_REQUESTS_MAX',
    env.integer(1, 100_000).default(4_096),
    'JSON-RPC requests being served at once',
  ),
  upstreamMax: setting(
    'SHEAF_UPSTREAM_MAX',
    env.integer(1, 10_000).default(128),
    'Calls in flight to execution, and as many to the sequencer; sixteen times as many may wait',
  ),
  databaseConnectionsMax: setting(
    'SHEAF_DATABASE_CONNECTIONS_MAX',
    env.integer(2, 200).default(10),
    'Connections to the database for queries; sixteen times as many queries may wait for each',
  ),
  connectionsMax: setting('SHEAF_CONNECTIONS_MAX', env.integer(1, 100_000).default(1_000), 'WebSocket connections'),
  subscriptionsMax: setting(
    'SHEAF_SUBSCRIPTIONS_MAX',
    env.integer(1, 10_000).default(32),
    'Subscriptions on one WebSocket connection',
  ),
  connectionQueueBytesMax: setting(
    'SHEAF_CONNECTION_QUEUE_BYTES_MAX',
    env.integer(65_536, 1_073_741_824).default(16_777_216),
    'Bytes that may wait for a slow WebSocket client before it is disconnected',
  ),
  connectionRequestsMax: setting(
    'SHEAF_CONNECTION_REQUESTS_MAX',
    env.integer(1, 10_000).default(256),
    'Messages of one WebSocket connection being served at once',
  ),
  filtersMax: setting('SHEAF_FILTERS_MAX', env.integer(1, 1_000_000).default(10_000), 'Filters at once'),
  filterIdleMs: setting(
    'SHEAF_FILTER_IDLE_MS',
    env.durationMs(1_000, 86_400_000).default(300_000),
    'How long a filter lives without being asked',
  ),
  tipFallbackWei: setting(
    'SHEAF_TIP_FALLBACK_WEI',
    env.integer(0, 500_000_000_000).default(1_000_000_000),
    'Priority fee suggested while recent blocks have no transactions, in wei',
  ),
});

export type GatewayConfig = ConfigValues<typeof gatewayConfig>;
