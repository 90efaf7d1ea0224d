import {
  chainSettings,
  commonSettings,
  defineConfig,
  env,
  grpcSettings,
  memberSettings,
  secret,
  setting,
  type ConfigValues,
} from '@sheaf/service';

/** Everything that can be set about a data-availability node. */
export const config = defineConfig({
  ...commonSettings,
  ...grpcSettings,
  ...chainSettings,
  ...memberSettings,
  databaseUrl: secret(
    'SHEAF_DATABASE_URL',
    env.url(['postgres', 'postgresql']),
    'PostgreSQL database of this node alone',
  ),
  nodeIndex: setting(
    'SHEAF_NODE_INDEX',
    env.integer(0, 127),
    "this node's place in the committee of the chain spec, from 0",
  ),
  storeRunningMax: setting(
    'SHEAF_STORE_RUNNING_MAX',
    env.integer(1, 16).default(2),
    'batches verified and written at a time',
  ),
  storeWaitingMax: setting(
    'SHEAF_STORE_WAITING_MAX',
    env.integer(0, 64).default(6),
    'batches that may wait behind them; more are refused with LIMIT',
  ),
  readRunningMax: setting('SHEAF_READ_RUNNING_MAX', env.integer(1, 64).default(8), 'reads of the database at a time'),
  readWaitingMax: setting(
    'SHEAF_READ_WAITING_MAX',
    env.integer(0, 10_000).default(512),
    'reads that may wait behind them; more are refused with LIMIT',
  ),
});

export type DataAvailabilityConfig = ConfigValues<typeof config>;
