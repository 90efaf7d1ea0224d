import { createCryptoWorker } from '@sheaf/crypto';
import { isChainError } from '@sheaf/primitives';
import { custodyColumns } from '@sheaf/protocol';
import { createRpcServer, tlsFiles } from '@sheaf/rpc';
import {
  closeInReverse,
  createGate,
  defineService,
  readChainSpec,
  readMemberKeys,
  type Service,
  type ServiceContext,
} from '@sheaf/service';
import { migrateWhenReachable, openStore, type Store } from '@sheaf/store';
import { dirname, join } from 'node:path';
import { createDataAvailabilityService } from './adapters/grpc.ts';
import { claimDatabase, createBatchRepository } from './adapters/postgres.ts';
import { config, type DataAvailabilityConfig } from './config.ts';
import { createCustodian, type Custodian } from './domain/custodian.ts';
import { createMetrics } from './metrics.ts';

const databaseCheckMs = 2_000;

/** What a test may exchange. */
export interface DataAvailabilityDependencies {
  /** Bundle that crypto workers start from; default: this file, which in production is that bundle. */
  workerFile?: string;
  /** Folder of SQL files; default: beside the bundle. */
  migrations?: string;
}

/** A data-availability node: `grpcPort()` is the bound port once started. */
export interface DataAvailabilityNode extends Service {
  grpcPort(): number;
}

/** Builds a node; nothing is opened before `start`. */
export function createDataAvailability(
  context: ServiceContext<DataAvailabilityConfig>,
  dependencies: DataAvailabilityDependencies = {},
): DataAvailabilityNode {
  const { config: settings, log, metrics: registry } = context;
  const { workerFile = __filename, migrations = join(dirname(__filename), 'migrations') } = dependencies;
  const opened = closeInReverse();
  const stopping = new AbortController();
  const state = { port: 0, serving: false, database: 'not connected' as string | undefined };

  async function openDatabase(identity: { chainId: bigint; nodeIndex: number; publicKey: Uint8Array }): Promise<Store> {
    const store = openStore({ url: settings.databaseUrl, applicationName: context.name }, { log, metrics: registry });
    opened.add('database', () => store.close());
    await migrateWhenReachable(store, migrations, { signal: stopping.signal, log });
    await claimDatabase(store, identity);
    opened.add(
      'database check',
      watchDatabase(store, (fault) => (state.database = fault)),
    );
    return store;
  }

  async function start(): Promise<void> {
    const spec = readChainSpec(settings.chainSpecFile);
    const { nodeIndex, blsKeyFile: keyFile } = settings;
    const member = { index: nodeIndex, indexSetting: 'SHEAF_NODE_INDEX', kind: 'data-availability node', keyFile };
    const keys = readMemberKeys(member, spec.da.nodes);
    const identity = { nodeIndex, columns: custodyColumns(spec.da, nodeIndex), publicKey: keys.publicKey };
    const tls = tlsFiles(settings);
    const store = await openDatabase({ chainId: spec.chainId, ...identity });
    // Last, because the trusted setup takes seconds of CPU: whatever else is wrong has been told by now.
    const crypto = await createCryptoWorker({ workerFile, kzg: true }, { onLost: context.fatal });
    opened.add('crypto worker', () => crypto.close());
    const repository = createBatchRepository({ chainId: spec.chainId }, { store });
    const gates = {
      writes: createGate({
        name: 'batches',
        runningMax: settings.storeRunningMax,
        waitingMax: settings.storeWaitingMax,
      }),
      reads: createGate({
        name: 'reads',
        runningMax: settings.readRunningMax,
        waitingMax: settings.readWaitingMax,
      }),
    };
    const metrics = createMetrics(registry, gates);
    const custodian = createCustodian(
      { chainId: spec.chainId, columns: identity.columns, secretKey: keys.secretKey },
      {
        repository,
        verifier: crypto,
        onVerified(cells, seconds) {
          metrics.cells.inc(cells);
          metrics.verifySeconds.observe(seconds);
        },
      },
    );
    const services = [createDataAvailabilityService(identity, { custodian: counted(custodian), repository, ...gates })];
    const server = createRpcServer(
      { host: settings.grpcHost, port: settings.grpcPort, tls },
      { log, metrics: registry, services },
    );
    opened.add('grpc', () => server.stop());
    state.port = await server.start();
    state.serving = true;
    log.info({ nodeIndex: identity.nodeIndex, columns: identity.columns.length, port: state.port }, 'serving');

    function counted(inner: Custodian): Custodian {
      return {
        async storeBatch(statement, blobs) {
          try {
            const signature = await inner.storeBatch(statement, blobs);
            metrics.signed.inc();
            return signature;
          } catch (error) {
            metrics.refused.inc({ code: isChainError(error) ? error.code : 'INTERNAL' });
            log.warn({ err: error, first: statement.firstHeight, last: statement.lastHeight }, 'batch refused');
            throw error;
          }
        },
      };
    }
  }

  return {
    start,
    async stop() {
      state.serving = false;
      stopping.abort();
      await opened.closeAll();
    },
    health() {
      const database = state.database === undefined ? { ok: true } : { ok: false, detail: state.database };
      const checks = { database, grpc: { ok: state.serving } };
      return { ready: database.ok && state.serving, checks };
    },
    grpcPort: () => state.port,
  };
}

/** The service as its process runs it. */
export const dataAvailability = defineService({
  name: 'data-availability',
  config,
  create: (context) => createDataAvailability(context),
});

/** Tells now and then whether the database answers. @returns how to end it */
function watchDatabase(store: Store, tell: (fault: string | undefined) => void): () => void {
  let ended = false;
  const check = async () => {
    const fault = await store.ping().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (ended) return;
    tell(fault);
    timer = setTimeout(() => void check(), databaseCheckMs);
  };
  let timer: NodeJS.Timeout | undefined;
  tell(undefined);
  void check();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
