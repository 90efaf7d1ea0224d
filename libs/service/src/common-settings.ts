import { env } from './env.ts';
import { setting } from './setting.ts';

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

/** What every service that answers gRPC has. mTLS when all three files are given. */
export const grpcSettings = {
  grpcHost: setting('SHEAF_GRPC_HOST', env.host().default('127.0.0.1'), 'Address on which gRPC is served'),
  grpcPort: setting('SHEAF_GRPC_PORT', env.port().default(9100), 'Port on which gRPC is served; 0 takes a free one'),
  tlsCaFile: setting(
    'SHEAF_TLS_CA_FILE',
    env.file().optional(),
    'PEM file of the authority that signs both sides of gRPC',
  ),
  tlsCertFile: setting('SHEAF_TLS_CERT_FILE', env.file().optional(), 'PEM file of the certificate of this service'),
  tlsKeyFile: setting('SHEAF_TLS_KEY_FILE', env.file().optional(), 'PEM file of the private key of that certificate'),
};
