import { join } from 'node:path';

/** The JSON-RPC port of a devnet unless `--port-base` says otherwise; the one that Ethereum tools expect. */
export const defaultPortBase = 8545;
export const portMax = 65_535;
/** Internal ports begin this far above the base: the run of sixteen below, then two a further execution member. */
export const internalPortsFrom = { fixed: 555, furtherMembers: 571 };
/** Highest base for which every port of a devnet with one execution member is a valid one. */
export const portBaseMax = portMax - internalPortsFrom.furtherMembers + 1;

export const validatorCount = 3;
export const daNodeCount = 2;

/** Name of every port of a devnet and its number, in a fixed order. */
export type Ports = ReturnType<typeof portLayout>;

/**
 * The ports that every devnet has: JSON-RPC at the base, everything internal in one run of sixteen above it. Execution's are
 * those of the first lane's first member; the others' follow the run (`membersOf`).
 */
export function portLayout(base: number) {
  const internal = base + internalPortsFrom.fixed;
  return {
    gateway: base,
    sequencerGrpc: internal,
    sequencerAdmin: internal + 1,
    executionGrpc: internal + 2,
    executionAdmin: internal + 3,
    da0Grpc: internal + 4,
    da0Admin: internal + 5,
    da1Grpc: internal + 6,
    da1Admin: internal + 7,
    settlementGrpc: internal + 8,
    settlementAdmin: internal + 9,
    validator0Admin: internal + 10,
    validator1Admin: internal + 11,
    validator2Admin: internal + 12,
    gatewayAdmin: internal + 13,
    postgres: internal + 14,
    nats: internal + 15,
  };
}

/** Where things lie in a data directory. */
export function pathLayout(dataDir: string) {
  return {
    lock: join(dataDir, 'lock.json'),
    state: join(dataDir, 'state.json'),
    chainSpec: join(dataDir, 'chain.json'),
    keys: join(dataDir, 'keys'),
    logs: join(dataDir, 'logs'),
    postgres: join(dataDir, 'postgres'),
    nats: join(dataDir, 'nats'),
    services: join(dataDir, 'services'),
  };
}

/** Databases of one devnet: one a service, so that each could move to a server of its own. */
export const databases = ['sequencer', 'da0', 'da1', 'settlement', 'gateway'] as const;
export type DatabaseName = (typeof databases)[number];
