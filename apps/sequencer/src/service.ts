import { connectBus, type Bus } from '@sheaf/bus';
import { createCryptoWorker, type CryptoWorker } from '@sheaf/crypto';
import { ChainError, limits, type Epoch } from '@sheaf/primitives';
import { daV1, executionV1, settlementV1 } from '@sheaf/proto';
import type { ChainSpec } from '@sheaf/protocol';
import { createRpcClient, createRpcServer, tlsFiles } from '@sheaf/rpc';
import {
  closeInReverse,
  defineService,
  readChainSpec,
  requireCommitteeAddresses,
  type Health,
  type Service,
  type ServiceContext,
} from '@sheaf/service';
import { migrateWhenReachable, openStore, startOutboxRelay, type OutboxRelay } from '@sheaf/store';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { createDaNodePort } from './adapters/da-node.ts';
import { createExecutionPort } from './adapters/execution.ts';
import { createSequencerService } from './adapters/grpc.ts';
import { createLedger } from './adapters/ledger.ts';
import { createSettlementPort } from './adapters/settlement.ts';
import { config, type SequencerConfig } from './config.ts';
import { startLeading, type Leading } from './flows/leading.ts';
import { startTerm, type Term, type TermDependencies, type TermOptions } from './flows/term.ts';
import { createMetrics } from './metrics.ts';
import type { Clock } from './ports.ts';

/** What a test replaces. */
export interface SequencerDependencies {
  /** Bundle whose main file serves crypto workers. Default: the running bundle. */
  workerFile?: string;
  /** Folder of the migrations. Default: beside the running bundle. */
  migrations?: string;
  clock?: Clock;
  /** Starts the worker that computes cells. Default: one of `workerFile` that loads the KZG setup. */
  startCells?: () => Promise<CryptoWorker>;
}

/** The sequencer, with the bound gRPC port once started. */
export interface SequencerService extends Service {
  grpcPort(): number;
}

const finalityPollMs = 1_000;
/** Time limits of single calls, milliseconds. */
const deadlines = { execution: 5_000, settlement: 5_000, storeBatch: 15_000 };

const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };

/** The composition root: what is started first is stopped last. */
export function createSequencer(
  context: ServiceContext<SequencerConfig>,
  deps: SequencerDependencies = {},
): SequencerService {
  const { log, config: settings } = context;
  const { workerFile = __filename, migrations = join(dirname(__filename), 'migrations'), clock = systemClock } = deps;
  const open = closeInReverse();
  const stopping = new AbortController();
  let leading: Leading | undefined;
  let bus: Bus | undefined;
  let port = 0;

  async function start(): Promise<void> {
    const chain = readChainSpec(settings.chainSpecFile);
    requireCommitteeAddresses(chain, settings.daAddresses);
    const url = settings.databaseUrl;
    const store = openStore({ url, applicationName: 'sheaf-sequencer' }, { log, metrics: context.metrics });
    open.add('database', () => store.close());
    await migrateWhenReachable(store, migrations, { signal: stopping.signal, log });
    let relay: OutboxRelay | undefined;
    const ledger = createLedger(store, { onOutbox: () => relay?.wake() });
    await requireChain(ledger.heads(), chain);

    // A worker thread that crashed does not come back: the process ends, and its supervisor starts a new one.
    const ending = { onLost: context.fatal };
    const signatures = await createCryptoWorker({ workerFile, kzg: false }, ending);
    open.add('signature worker', () => signatures.close());
    const cells = deps.startCells?.() ?? createCryptoWorker({ workerFile, kzg: true }, ending);
    cells.catch(context.fatal);
    open.add('cell worker', () =>
      cells.then(
        (worker) => worker.close(),
        () => undefined,
      ),
    );

    const events = createMetrics(context.metrics, { leading: () => leading });
    const peers = connectPeers(context, open);
    const services = [createSequencerService({ ledger, leading: () => leading, chainId: chain.chainId })];
    const server = createRpcServer(
      { host: settings.grpcHost, port: settings.grpcPort, tls: tlsFiles(settings) },
      { log, metrics: context.metrics, services },
    );
    port = await server.start();
    open.add('grpc server', () => server.stop());

    const running = await connectBus(
      { url: settings.natsUrl, streamPrefix: settings.streamPrefix, name: context.name },
      { log, metrics: context.metrics },
    );
    bus = running;
    open.add('bus', () => running.close());

    const lead = async (epoch: Epoch, abort: AbortSignal): Promise<Term | undefined> => {
      const relaying = startOutboxRelay({}, { store, bus: running, log });
      relay = relaying;
      const stopRelay = () => relaying.stop();
      const terms: TermDependencies = { ...peers, ledger, bus: running, signatures, cells, clock, log, events };
      try {
        const term = await startTerm(termOptions(settings, chain, epoch), terms, abort);
        if (!term) await stopRelay();
        return term && { ...term, over: term.over.finally(stopRelay) };
      } catch (error) {
        await stopRelay();
        throw error;
      }
    };
    leading = startLeading(
      { holder: settings.holderId ?? hostname(), leaseMs: settings.leaseMs },
      { ledger, clock, log, startTerm: lead, onFatal: context.fatal },
    );
    open.add('leadership', () => leading?.stop());
  }

  return {
    start,
    async stop() {
      stopping.abort();
      await open.closeAll();
    },
    health: () => healthOf(leading, bus),
    grpcPort: () => port,
  };
}

/** The sequencer as a service. */
export const sequencer = defineService({ name: 'sequencer', config, create: (context) => createSequencer(context) });

async function requireChain(
  reading: ReturnType<ReturnType<typeof createLedger>['heads']>,
  chain: ChainSpec,
): Promise<void> {
  const { progress } = await reading;
  if (!progress || progress.chainId === chain.chainId) return;
  const message = `the database holds chain ${progress.chainId}, SHEAF_CHAIN_SPEC is chain ${chain.chainId}`;
  throw new ChainError({ code: 'CONFLICT', message });
}

function connectPeers(
  { config: settings, log, metrics }: ServiceContext<SequencerConfig>,
  open: ReturnType<typeof closeInReverse>,
): Pick<TermDependencies, 'execution' | 'settlement' | 'daNodes'> {
  const tls = tlsFiles(settings);
  const connect = <D extends object>(definition: D, address: string) => {
    const client = createRpcClient(definition, { address, tls }, { log, metrics });
    open.add(`client of ${address}`, () => client.close());
    return client;
  };
  const execution = connect(executionV1.ExecutionServiceService, settings.executionAddress);
  const settlement = connect(settlementV1.SettlementServiceService, settings.settlementAddress);
  return {
    execution: createExecutionPort({ deadlineMs: deadlines.execution }, { client: execution }),
    settlement: createSettlementPort({ deadlineMs: deadlines.settlement }, { client: settlement }),
    daNodes: settings.daAddresses.map((address) => {
      const client = connect(daV1.DataAvailabilityServiceService, address);
      return createDaNodePort({ deadlineMs: deadlines.storeBatch }, { client });
    }),
  };
}

function termOptions(settings: SequencerConfig, chain: ChainSpec, epoch: Epoch): TermOptions {
  return {
    epoch,
    chain,
    mempool: {
      transactionsMax: settings.mempoolTransactionsMax,
      bytesMax: settings.mempoolBytesMax,
      senderTransactionsMax: settings.senderTransactionsMax,
    },
    tipMin: BigInt(settings.tipMinWei),
    gapWaitMs: settings.gapWaitMs,
    gapWaitingMax: settings.gapWaitingMax,
    admissionQueueMax: settings.admissionQueueMax,
    expiryMs: settings.expiryMs,
    timing: { sealIntervalMs: settings.sealIntervalMs, heartbeatMs: settings.heartbeatMs },
    lagBounds: { safeLagMax: BigInt(settings.safeLagMax), finalizedLagMax: BigInt(settings.finalizedLagMax) },
    batch: {
      payloadsMax: limits.batchPayloadsMax,
      blobsMax: settings.batchBlobsMax,
      intervalMs: settings.batchIntervalMs,
      batchesKept: settings.batchesKept,
    },
    finalityPollMs,
  };
}

function healthOf(leading: Leading | undefined, bus: Bus | undefined): Health {
  const term = leading?.term();
  const diverged = term?.view.diverged;
  // Only a leader needs the bus: a standby answers reads from the database.
  const role = term
    ? `leads epoch ${term.epoch}`
    : leading?.standingBy
      ? 'stands by'
      : 'neither leads nor stands by yet';
  const checks: Health['checks'] = {
    leadership: { ok: term !== undefined || leading?.standingBy === true, detail: role },
    bus: { ok: term === undefined || bus?.ready() === true },
    heads: diverged === undefined ? { ok: true } : { ok: false, detail: diverged },
  };
  return { ready: Object.values(checks).every(({ ok }) => ok), checks };
}
