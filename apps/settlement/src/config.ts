import {
  chainSettings,
  commonSettings,
  defineConfig,
  env,
  grpcSettings,
  natsSettings,
  secret,
  setting,
  type ConfigValues,
} from '@sheaf/service';

/** Everything that can be set about a settlement replica. */
export const config = defineConfig({
  ...commonSettings,
  ...grpcSettings,
  ...chainSettings,
  ...natsSettings,
  databaseUrl: secret(
    'SHEAF_DATABASE_URL',
    env.url(['postgres', 'postgresql']),
    'PostgreSQL database of settlement; replicas share it',
  ),
  windowHeights: setting(
    'SHEAF_ATTESTATION_WINDOW',
    env.integer(1, 1_000_000).default(1024),
    'Heights above the finalized head for which attestations are taken; more are refused with LIMIT',
  ),
  submitRunningMax: setting(
    'SHEAF_SUBMIT_RUNNING_MAX',
    env.integer(1, 64).default(8),
    'Attestations verified and recorded at a time',
  ),
  submitWaitingMax: setting(
    'SHEAF_SUBMIT_WAITING_MAX',
    env.integer(0, 10_000).default(1024),
    'Attestations that may wait behind them; more are refused with LIMIT',
  ),
  sweepMs: setting(
    'SHEAF_SWEEP_MS',
    env.durationMs(50, 60_000).default(1000),
    'How often a replica looks for finality that another one left undone',
  ),
});

export type SettlementConfig = ConfigValues<typeof config>;
