import {
  chainSettings,
  commonSettings,
  defineConfig,
  engineSettings,
  env,
  memberSettings,
  natsSettings,
  peerSettings,
  setting,
  tlsSettings,
  type ConfigValues,
} from '@sheaf/service';

/** Everything that can be set about a validator. */
export const config = defineConfig({
  ...commonSettings,
  ...tlsSettings,
  ...chainSettings,
  ...memberSettings,
  ...natsSettings,
  ...peerSettings,
  ...engineSettings,
  validatorIndex: setting(
    'SHEAF_VALIDATOR_INDEX',
    env.integer(0, 1023),
    "This validator's place in the chain spec's set, from 0",
  ),
  dataDir: setting(
    'SHEAF_DATA_DIR',
    env.file(),
    'Directory of the slashing-protection record; of this validator alone',
  ),
  sampleColumns: setting(
    'SHEAF_SAMPLE_COLUMNS',
    env.integer(1, 128).default(8),
    'Random columns of every blob that are fetched and verified',
  ),
  aheadMax: setting(
    'SHEAF_AHEAD_MAX',
    env.integer(0, 16).default(2),
    'Heights fetched while the one before them is verified',
  ),
  pollMs: setting(
    'SHEAF_POLL_MS',
    env.durationMs(50, 60_000).default(1000),
    'Longest pause before peers are asked again when NATS is silent',
  ),
  deadlineMs: setting(
    'SHEAF_DEADLINE_MS',
    env.durationMs(100, 120_000).default(10_000),
    'Time that a peer has for one answer',
  ),
});

export type ValidatorConfig = ConfigValues<typeof config>;
