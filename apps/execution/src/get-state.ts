import { sequencerV1 } from '@sheaf/proto';
import type { ChainSpec } from '@sheaf/protocol';
import { createRpcClient, createRpcServer, type TlsFiles } from '@sheaf/rpc';
import { closeInReverse, pause, type Logger, type Registry } from '@sheaf/service';
import type { BucketRange } from '@sheaf/state';
import { genesis } from '@sheaf/state-transition';
import { createPayloadSource } from './adapters/sequencer.ts';
import { createEmptySnapshotService } from './adapters/snapshot-service.ts';
import { connectSource } from './adapters/snapshot-sources.ts';
import { openSnapshotStore } from './adapters/snapshot-store.ts';
import type { ExecutionConfig } from './config.ts';
import { bootstrap } from './domain/bootstrap.ts';
import type { Lane } from './lane-ports.ts';
import type { Metrics } from './metrics.ts';
import { snapshotLimits } from './snapshot-limits.ts';

export interface GetStateOptions {
  settings: ExecutionConfig;
  spec: ChainSpec;
  lane: Lane;
  buckets: BucketRange;
  tls: TlsFiles | undefined;
  /** Addresses of members of other lanes. */
  from: readonly string[];
  signal: AbortSignal;
}

/**
 * Afterwards the data directory has a state to go on from, or is empty and genesis is one. Until then the member's port says that it
 * has none: members of a lane wait for one another, and lanes that begin together must not wait for ever.
 * @throws ChainError `UNAVAILABLE` when the directory cannot be used, or the service stops
 */
export async function getState(
  { settings, spec, lane, buckets, tls, from, signal }: GetStateOptions,
  deps: { log: Logger; registry: Registry; metrics: Metrics; tell(what: string): void },
): Promise<void> {
  const { log, registry, metrics, tell } = deps;
  const opened = closeInReverse();
  try {
    const store = openSnapshotStore(settings.dataDir, spec);
    opened.add('database', () => store.close());
    if (store.whole()) return;
    const { hash } = await genesis(spec);
    const server = createRpcServer(
      { host: settings.grpcHost, port: settings.grpcPort, ...(tls && { tls }) },
      { log, metrics: registry, services: [createEmptySnapshotService(hash, buckets)] },
    );
    await server.start();
    opened.add('grpc', () => server.stop());
    const client = createRpcClient(
      sequencerV1.SequencerServiceService,
      { address: settings.sequencerAddress, retry: { attemptsMax: 1 }, ...(tls && { tls }) },
      { log, metrics: registry },
    );
    opened.add('sequencer client', () => client.close());
    const connect = (address: string) => {
      const source = connectSource({ address, tls }, { log, metrics: registry });
      opened.add(`source ${address}`, () => source.close());
      return source;
    };
    const others = lane.addresses.flatMap((address, number) =>
      lane.members === 1 || number === lane.member ? [] : [[number, connect(address)] as const],
    );
    const rows = { accounts: 0, slots: 0, told: 0 };
    let said = '';
    const came = await bootstrap(
      {
        member: lane.member,
        members: lane.members,
        buckets,
        genesisHash: hash,
        stateHeightsKept: settings.stateHeightsKept,
      },
      {
        store,
        sources: from.map(connect),
        lane: new Map(others),
        sealed: () => createPayloadSource(client).head(),
        watch: {
          begins(block, resumed) {
            tell(`it fetches the state of height ${block.height}`);
            log.info({ ...block, resumed }, 'a snapshot is fetched');
          },
          rows(accounts, slots) {
            metrics.snapshotRows.inc({ of: 'accounts' }, accounts);
            metrics.snapshotRows.inc({ of: 'slots' }, slots);
            rows.accounts += accounts;
            rows.slots += slots;
            const now = Math.floor((rows.accounts + rows.slots) / snapshotLimits.rowsPerLine);
            if (now > rows.told) log.info({ accounts: rows.accounts, slots: rows.slots }, 'a snapshot comes in');
            rows.told = now;
          },
          refused: (source, err) =>
            log.warn({ err, source: source.name }, 'a source of the snapshot is not asked further'),
          waits(error) {
            tell(error.message);
            if (error.message !== said) log.warn({ err: error }, 'there is no state to begin with yet; trying again');
            said = error.message;
          },
        },
        signal,
        pause: (ms) => pause(ms, signal),
      },
    );
    log.info({ ...rows, told: undefined, from: came }, 'the member has a state');
  } finally {
    await opened.closeAll();
  }
}
