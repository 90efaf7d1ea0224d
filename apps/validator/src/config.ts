import { commonSettings, defineConfig, env, grpcSettings, secret, setting, type ConfigValues } from '@sheaf/service';
import { z } from 'zod';

const { tlsCaFile, tlsCertFile, tlsKeyFile } = grpcSettings;

/** Everything that can be set about a validator. */
export const config = defineConfig({
  ...commonSettings,
  tlsCaFile,
  tlsCertFile,
  tlsKeyFile,
  chainSpecFile: setting('SHEAF_CHAIN_SPEC', env.file(), 'Path of chain.json'),
  validatorIndex: setting(
    'SHEAF_VALIDATOR_INDEX',
    env.integer(0, 1023),
    "This validator's place in the chain spec's set, from 0",
  ),
  blsKeyFile: setting(
    'SHEAF_BLS_KEY_FILE',
    env.file(),
    'File with the BLS secret key in hex; must match the entry in the set',
  ),
  dataDir: setting(
    'SHEAF_DATA_DIR',
    env.file(),
    'Directory of the slashing-protection record; of this validator alone',
  ),
  natsUrl: secret(
    'SHEAF_NATS_URL',
    env.url(['nats', 'tls']),
    'NATS server on which blocks and certificates are announced',
  ),
  streamPrefix: setting(
    'SHEAF_STREAM_PREFIX',
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .default('sheaf'),
    'Prefix of the NATS streams',
  ),
  sequencerAddress: setting('SHEAF_SEQUENCER_ADDRESS', env.address(), 'gRPC address of the sequencer'),
  executionAddress: setting('SHEAF_EXECUTION_ADDRESS', env.address(), 'gRPC address of execution'),
  settlementAddress: setting('SHEAF_SETTLEMENT_ADDRESS', env.address(), 'gRPC address of settlement'),
  daAddresses: setting(
    'SHEAF_DA_ADDRESSES',
    env.addresses(),
    'gRPC addresses of the data-availability committee, by index',
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
