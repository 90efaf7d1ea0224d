import { commonSettings, defineConfig, env, grpcSettings, secret, setting, type ConfigValues } from '@sheaf/service';
import { z } from 'zod';

/** Everything that can be set about a settlement replica. */
export const config = defineConfig({
  ...commonSettings,
  ...grpcSettings,
  databaseUrl: secret(
    'SHEAF_DATABASE_URL',
    env.url(['postgres', 'postgresql']),
    'PostgreSQL database of settlement; replicas share it',
  ),
  natsUrl: secret('SHEAF_NATS_URL', env.url(['nats', 'tls']), 'NATS server on which finality is announced'),
  streamPrefix: setting(
    'SHEAF_STREAM_PREFIX',
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .default('sheaf'),
    'Prefix of the NATS streams',
  ),
  chainSpecFile: setting('SHEAF_CHAIN_SPEC', env.file(), 'Path of chain.json'),
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
