import { join } from 'node:path';
import type { Member } from './lanes.ts';
import { daNodeCount, validatorCount, type DatabaseName, type Ports } from './layout.ts';

/** What the services of one devnet are told. */
export interface Wiring {
  ports: Ports;
  /** Of every lane; the other services talk to the first. */
  members: Member[];
  natsUrl: string;
  streamPrefix: string;
  databaseUrl(name: DatabaseName): string;
  chainSpecFile: string;
  keyFile(name: string): string;
  /** A folder of the service's own. */
  dataDir(service: string): string;
}

export interface ServiceSpec {
  /** Unique in the devnet, for example "validator-1". */
  name: string;
  /** Folder of the app under apps/. */
  app: string;
  adminPort: number;
  env: Record<string, string>;
}

const host = '127.0.0.1';
const address = (port: number): string => `${host}:${port}`;

/** Every service of a devnet with its settings, in the order of the data's way. */
export function serviceSpecs(wiring: Wiring): ServiceSpec[] {
  const { ports } = wiring;
  const spec = (name: string, app: string, adminPort: number, env: Record<string, string>): ServiceSpec => ({
    name,
    app,
    adminPort,
    env: {
      SHEAF_ADMIN_HOST: host,
      SHEAF_ADMIN_PORT: String(adminPort),
      SHEAF_CHAIN_SPEC: wiring.chainSpecFile,
      ...env,
    },
  });
  const grpc = (port: number) => ({ SHEAF_GRPC_HOST: host, SHEAF_GRPC_PORT: String(port) });
  const bus = { SHEAF_NATS_URL: wiring.natsUrl, SHEAF_STREAM_PREFIX: wiring.streamPrefix };
  const peers = {
    SHEAF_SEQUENCER_ADDRESS: address(ports.sequencerGrpc),
    SHEAF_EXECUTION_ADDRESS: address(ports.executionGrpc),
    SHEAF_SETTLEMENT_ADDRESS: address(ports.settlementGrpc),
    SHEAF_DA_ADDRESSES: [ports.da0Grpc, ports.da1Grpc].map(address).join(','),
  };
  const daPorts = [
    { grpc: ports.da0Grpc, admin: ports.da0Admin, database: 'da0' },
    { grpc: ports.da1Grpc, admin: ports.da1Admin, database: 'da1' },
  ] as const;
  const validatorPorts = [ports.validator0Admin, ports.validator1Admin, ports.validator2Admin];

  // Five engines at once would load it for 2.5 s each, for a precompile that a devnet may never see.
  const lazy = { SHEAF_WARM_POINT_EVALUATION: 'false' };
  return [
    spec('sequencer', 'sequencer', ports.sequencerAdmin, {
      ...grpc(ports.sequencerGrpc),
      ...bus,
      SHEAF_DATABASE_URL: wiring.databaseUrl('sequencer'),
      SHEAF_EXECUTION_ADDRESS: peers.SHEAF_EXECUTION_ADDRESS,
      SHEAF_SETTLEMENT_ADDRESS: peers.SHEAF_SETTLEMENT_ADDRESS,
      SHEAF_DA_ADDRESSES: peers.SHEAF_DA_ADDRESSES,
    }),
    ...wiring.members.map((member) =>
      spec(member.name, 'execution', member.adminPort, {
        ...grpc(member.grpcPort),
        ...bus,
        ...laneSettings(member, wiring.members),
        SHEAF_SEQUENCER_ADDRESS: peers.SHEAF_SEQUENCER_ADDRESS,
        SHEAF_DATA_DIR: wiring.dataDir(member.folder),
        ...lazy,
      }),
    ),
    ...daPorts.slice(0, daNodeCount).map((node, index) =>
      spec(`da-${index}`, 'data-availability', node.admin, {
        ...grpc(node.grpc),
        SHEAF_DATABASE_URL: wiring.databaseUrl(node.database),
        SHEAF_NODE_INDEX: String(index),
        SHEAF_BLS_KEY_FILE: wiring.keyFile(`da-${index}`),
      }),
    ),
    spec('settlement', 'settlement', ports.settlementAdmin, {
      ...grpc(ports.settlementGrpc),
      ...bus,
      SHEAF_DATABASE_URL: wiring.databaseUrl('settlement'),
    }),
    ...validatorPorts.slice(0, validatorCount).map((adminPort, index) =>
      spec(`validator-${index}`, 'validator', adminPort, {
        ...bus,
        ...peers,
        SHEAF_VALIDATOR_INDEX: String(index),
        SHEAF_BLS_KEY_FILE: wiring.keyFile(`validator-${index}`),
        SHEAF_DATA_DIR: wiring.dataDir(`validator-${index}`),
        ...lazy,
      }),
    ),
    spec('gateway', 'gateway', ports.gatewayAdmin, {
      ...bus,
      SHEAF_HTTP_HOST: host,
      SHEAF_HTTP_PORT: String(ports.gateway),
      SHEAF_DATABASE_URL: wiring.databaseUrl('gateway'),
      SHEAF_SEQUENCER_ADDRESS: peers.SHEAF_SEQUENCER_ADDRESS,
      SHEAF_EXECUTION_ADDRESS: peers.SHEAF_EXECUTION_ADDRESS,
      SHEAF_SETTLEMENT_ADDRESS: peers.SHEAF_SETTLEMENT_ADDRESS,
    }),
  ];
}

/** What tells a member its place, and who has its state if it loses its own; a lone one needs to be told nothing. */
function laneSettings(member: Member, all: Member[]): Record<string, string> {
  if (all.length === 1) return {};
  const lane = all.filter((other) => other.lane === member.lane);
  const partition = {
    SHEAF_PARTITION: String(member.partition),
    SHEAF_LANE_MEMBERS: lane.map(({ grpcPort }) => address(grpcPort)).join(','),
  };
  const others = all.filter((other) => other.lane !== member.lane);
  const snapshots = { SHEAF_SNAPSHOT_FROM: others.map(({ grpcPort }) => address(grpcPort)).join(',') };
  return {
    SHEAF_LANE: String(member.lane),
    ...(lane.length > 1 ? partition : {}),
    ...(others.length > 0 ? snapshots : {}),
  };
}

/** Names of services that are stopped together, first to last: whoever takes work in before those who do it. */
export function stopOrder(members: Member[]): string[][] {
  return [
    ['gateway'],
    Array.from({ length: validatorCount }, (_, index) => `validator-${index}`),
    ['sequencer'],
    [
      ...members.map(({ name }) => name),
      'settlement',
      ...Array.from({ length: daNodeCount }, (_, index) => `da-${index}`),
    ],
  ];
}

/** The bundle that `npm run build` makes of an app. */
export function bundleOf(appsDir: string, app: string): string {
  return join(appsDir, app, 'main.cjs');
}
