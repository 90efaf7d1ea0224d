import { createCryptoWorker, keccak256 } from '@sheaf/crypto';
import { bigintToFixedBytes, concatBytes, isChainError, type Hash32 } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import { createRpcServer, tlsFiles } from '@sheaf/rpc';
import {
  closeInReverse,
  createGate,
  defineService,
  readChainSpec,
  type Health,
  type Service,
  type ServiceContext,
} from '@sheaf/service';
import { migrateWhenReachable, openStore, type Store } from '@sheaf/store';
import { dirname, join } from 'node:path';
import { startFinalityOutbox, type FinalityOutbox } from './adapters/finality-outbox.ts';
import { createSettlementService } from './adapters/grpc.ts';
import { claimDatabase, createLedger } from './adapters/postgres.ts';
import { config, type SettlementConfig } from './config.ts';
import { createSettlement, type Settlement, type SettlementEvents } from './domain/settlement.ts';
import { createMetrics } from './metrics.ts';
import type { Ledger } from './ports.ts';

/** What a test may exchange. */
export interface SettlementDependencies {
  /** Bundle that crypto workers start from; default: this file, which in production is that bundle. */
  workerFile?: string;
  /** Folder of SQL files; default: beside the bundle. */
  migrations?: string;
}

/** A settlement replica: `grpcPort()` is the bound port once started. */
export interface SettlementReplica extends Service {
  grpcPort(): number;
}

/** Builds a replica; nothing is opened before `start`. */
export function createSettlementReplica(
  context: ServiceContext<SettlementConfig>,
  dependencies: SettlementDependencies = {},
): SettlementReplica {
  const { config: settings, log, metrics: registry } = context;
  const { workerFile = __filename, migrations = join(dirname(__filename), 'migrations') } = dependencies;
  const opened = closeInReverse();
  const stopping = new AbortController();
  const state: { port: number; serving: boolean; fault: string | undefined; outbox: FinalityOutbox | undefined } = {
    port: 0,
    serving: false,
    fault: undefined,
    outbox: undefined,
  };

  async function openDatabase(spec: ChainSpec): Promise<Store> {
    const store = openStore({ url: settings.databaseUrl, applicationName: context.name }, { log, metrics: registry });
    opened.add('database', () => store.close());
    await migrateWhenReachable(store, migrations, { signal: stopping.signal, log });
    await claimDatabase(
      store,
      { chainId: spec.chainId, validatorsDigest: validatorsDigest(spec), validatorCount: spec.validators.length },
      () => genesisHash(spec),
    );
    return store;
  }

  async function start(): Promise<void> {
    const spec = readChainSpec(settings.chainSpecFile);
    const tls = tlsFiles(settings);
    const store = await openDatabase(spec);
    const crypto = await createCryptoWorker({ workerFile, kzg: false }, { onLost: context.fatal });
    opened.add('crypto worker', () => crypto.close());

    const bus = { url: settings.natsUrl, streamPrefix: settings.streamPrefix, name: context.name };
    const outbox = startFinalityOutbox(bus, { store, log, metrics: registry });
    opened.add('outbox', () => outbox.stop());
    state.outbox = outbox;

    const metrics = createMetrics(registry);
    const ledger = createLedger(
      { chainId: spec.chainId, validatorCount: spec.validators.length },
      { store, announced: () => outbox.wake() },
    );
    const settlement = createSettlement(
      { chainId: spec.chainId, validators: spec.validators, windowHeights: BigInt(settings.windowHeights) },
      { ledger, verifier: crypto, events: reportTo(metrics) },
    );
    opened.add('sweep', startSweep(settlement, ledger, metrics));

    const submissions = createGate({
      name: 'attestations',
      runningMax: settings.submitRunningMax,
      waitingMax: settings.submitWaitingMax,
    });
    const services = [createSettlementService({ validators: spec.validators }, { settlement, ledger, submissions })];
    const server = createRpcServer(
      { host: settings.grpcHost, port: settings.grpcPort, tls },
      { log, metrics: registry, services },
    );
    opened.add('grpc', () => server.stop());
    state.port = await server.start();
    state.serving = true;
    log.info({ validators: spec.validators.length, port: state.port }, 'serving');
  }

  function reportTo(metrics: ReturnType<typeof createMetrics>): SettlementEvents {
    return {
      submitted(outcome, { height, validatorIndex }) {
        metrics.attestations.inc({ outcome });
        if (outcome === 'equivocation')
          log.error({ height, validatorIndex }, 'two attestations for one height: validator slashed');
      },
      diverged: (height) => log.error({ height }, 'two blocks at one height each have more than a third of the stake'),
      finalized: ({ height, blockHash, signers }) => log.debug({ height, blockHash, signers }, 'finalized'),
    };
  }

  /** Finishes what a replica that died left undone, and refreshes health and gauges. @returns how to end it */
  function startSweep(
    settlement: Settlement,
    ledger: Ledger,
    metrics: ReturnType<typeof createMetrics>,
  ): () => Promise<void> {
    let ended = false;
    let timer: NodeJS.Timeout | undefined;
    let running: Promise<void> = Promise.resolve();
    const sweep = async () => {
      try {
        await settlement.advance();
        metrics.show(await ledger.head(), await ledger.validators());
        metrics.corrupt.set(0);
        state.fault = undefined;
      } catch (error) {
        if (isChainError(error, 'DATA_LOSS')) metrics.corrupt.set(1);
        if (state.fault === undefined) log.error({ err: error }, 'settlement cannot go on');
        state.fault = error instanceof Error ? error.message : String(error);
      }
      if (!ended) timer = setTimeout(run, settings.sweepMs);
    };
    const run = () => {
      running = sweep();
    };
    run();
    return () => {
      ended = true;
      clearTimeout(timer);
      return running;
    };
  }

  function health(): Health {
    const ledger = state.fault === undefined ? { ok: true } : { ok: false, detail: state.fault };
    const checks = { ledger, announcements: { ok: state.outbox?.ready() ?? false }, grpc: { ok: state.serving } };
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }

  return {
    start,
    async stop() {
      state.serving = false;
      stopping.abort();
      await opened.closeAll();
    },
    health,
    grpcPort: () => state.port,
  };
}

/** The service as its process runs it. */
export const settlement = defineService({
  name: 'settlement',
  config,
  create: (context) => createSettlementReplica(context),
});

/** keccak256 over every validator's key and stake (8 bytes, big-endian), by index. */
function validatorsDigest(spec: ChainSpec): Uint8Array {
  return keccak256(
    concatBytes(
      ...spec.validators.flatMap(({ publicKey, stakeGwei }) => [publicKey, bigintToFixedBytes(stakeGwei, 8)]),
    ),
  );
}

/** Only a new database needs it, and the engine that computes it costs 20 MB: so it is loaded on demand. */
async function genesisHash(spec: ChainSpec): Promise<Hash32> {
  const { genesis } = await import('@sheaf/state-transition');
  return (await genesis(spec)).hash;
}
