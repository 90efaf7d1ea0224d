import { z } from 'zod';
import { env } from './env.ts';
import { secret, setting } from './setting.ts';

const pidMax = 4_194_304;

/** What every service has. */
export const commonSettings = {
  adminHost: setting(
    'SHEAF_ADMIN_HOST',
    env.host().default('127.0.0.1'),
    'Address on which /livez, /readyz and /metrics are served',
  ),
  adminPort: setting('SHEAF_ADMIN_PORT', env.port().default(9090), 'Port of the admin server; 0 takes a free one'),
  logLevel: setting(
    'SHEAF_LOG_LEVEL',
    env.level().default('info'),
    'Least level that is logged: trace, debug, info, warn, error, fatal or silent',
  ),
  parentPid: setting(
    'SHEAF_PARENT_PID',
    env.integer(1, pidMax).optional(),
    'Process that supervises this one; when it is gone, the service stops in order',
  ),
};

/** What every service that speaks gRPC has. mTLS when all three files are given. */
export const tlsSettings = {
  tlsCaFile: setting(
    'SHEAF_TLS_CA_FILE',
    env.file().optional(),
    'PEM file of the authority that signs both sides of gRPC',
  ),
  tlsCertFile: setting('SHEAF_TLS_CERT_FILE', env.file().optional(), 'PEM file of the certificate of this service'),
  tlsKeyFile: setting('SHEAF_TLS_KEY_FILE', env.file().optional(), 'PEM file of the private key of that certificate'),
};

/** What every service that answers gRPC has. */
export const grpcSettings = {
  grpcHost: setting('SHEAF_GRPC_HOST', env.host().default('127.0.0.1'), 'Address on which gRPC is served'),
  grpcPort: setting('SHEAF_GRPC_PORT', env.port().default(9100), 'Port on which gRPC is served; 0 takes a free one'),
  ...tlsSettings,
};

/** What every service of one chain has. `readChainSpec` reads the file. */
export const chainSettings = {
  chainSpecFile: setting('SHEAF_CHAIN_SPEC', env.file(), 'Path of the chain specification, chain.json'),
};

/** What a member of the committee or of the validator set has. `readMemberKeys` reads the file. */
export const memberSettings = {
  blsKeyFile: setting(
    'SHEAF_BLS_KEY_FILE',
    env.file(),
    'File with the BLS secret key in hex; must match the entry in the chain specification',
  ),
};

/** What every service that executes has. */
export const engineSettings = {
  warmPointEvaluation: setting(
    'SHEAF_WARM_POINT_EVALUATION',
    env.boolean().default(true),
    'Load the trusted setup of the point-evaluation precompile (2.5 s a thread) before being ready, not at its first call',
  ),
};

/** What every service that announces or follows has. */
export const natsSettings = {
  natsUrl: secret('SHEAF_NATS_URL', env.url(['nats', 'tls']), 'NATS server of the announcements'),
  streamPrefix: setting(
    'SHEAF_STREAM_PREFIX',
    z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of [A-Za-z0-9_-]')
      .default('sheaf'),
    'First part of the names of NATS streams and subjects',
  ),
};

/** The other services' gRPC addresses: each service takes the ones that it calls. */
export const peerSettings = {
  sequencerAddress: setting('SHEAF_SEQUENCER_ADDRESS', env.address(), 'gRPC address of the sequencer'),
  executionAddress: setting('SHEAF_EXECUTION_ADDRESS', env.address(), 'gRPC address of execution'),
  settlementAddress: setting('SHEAF_SETTLEMENT_ADDRESS', env.address(), 'gRPC address of settlement'),
  daAddresses: setting(
    'SHEAF_DA_ADDRESSES',
    env.addresses(),
    'gRPC addresses of the data-availability nodes, separated by commas, in the order of the committee',
  ),
};
