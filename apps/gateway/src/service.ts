import { connectBus } from '@sheaf/bus';
import { limits, type Hex } from '@sheaf/primitives';
import { executionV1, sequencerV1, settlementV1 } from '@sheaf/proto';
import { createRpcClient, tlsFiles } from '@sheaf/rpc';
import {
  closeInReverse,
  createGate,
  defineService,
  readChainSpec,
  type Gate,
  type Health,
  type Service,
  type ServiceContext,
} from '@sheaf/service';
import { migrateWhenReachable, openStore, type Store } from '@sheaf/store';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { createExecution } from './adapters/execution.ts';
import { createFollowers, type Followers } from './adapters/followers.ts';
import { createHttpServer } from './adapters/http.ts';
import { createIndex } from './adapters/postgres.ts';
import { createSequencer } from './adapters/sequencer.ts';
import { createSettlement } from './adapters/settlement.ts';
import { createConnections } from './adapters/websocket.ts';
import { gatewayConfig, type GatewayConfig } from './config.ts';
import { createFees } from './domain/fees.ts';
import { createFilters } from './domain/filters.ts';
import { openHeads, type Heads } from './domain/heads.ts';
import { createDispatcher } from './domain/json-rpc.ts';
import { allMethods } from './domain/methods/index.ts';
import { createSubmitter } from './domain/submitter.ts';
import { createMetrics } from './metrics.ts';

/** The gateway with the port that it got. */
export interface GatewayService extends Service {
  /** Of JSON-RPC; 0 before `start` has resolved. */
  port(): number;
}

/** Blocks that the index may be behind execution before `/readyz` says no. */
const lagMax = 64n;
/** Waiting for every one that runs. */
const waitingPerRunning = 16;
const submitBatchBytesMax = 8_388_608;
const responseCharsMax = 33_554_432;
const pingMs = 30_000;

/** Where migrations are: beside the bundle, or beside src when run from the sources. */
export interface GatewayDependencies {
  migrations?: string;
}

export function createGateway(context: ServiceContext<GatewayConfig>, deps: GatewayDependencies = {}): GatewayService {
  const { config, log } = context;
  const closing = closeInReverse();
  const stopping = new AbortController();
  const metrics = createMetrics(context.metrics);
  const migrations = deps.migrations ?? join(dirname(__filename), 'migrations');
  let boundPort = 0;
  let heads: Heads | undefined;
  let followers: Followers | undefined;
  let busReady = (): boolean => false;

  async function start(): Promise<void> {
    const spec = readChainSpec(config.chainSpecFile);
    const store = openDatabase();
    await migrateWhenReachable(store, migrations, { signal: stopping.signal, log });
    const index = createIndex({ store, reads: gate('the index', config.databaseConnectionsMax) });
    heads = await openHeads({
      index,
      onHead: metrics.head,
      onDivergence: (what) => {
        metrics.diverged();
        log.fatal({ what }, 'divergence: the heads stop here');
      },
    });
    const upstream = openUpstream();
    const gateway = {
      chainId: spec.chainId,
      version: context.version,
      heads,
      index,
      state: upstream.execution,
      traces: upstream.execution,
      blocks: upstream.execution,
      ordering: upstream.sequencer,
      submitter: createSubmitter(
        { gatherMs: config.submitGatherMs, waitingMax: config.submitWaitingMax, batchBytesMax: submitBatchBytesMax },
        { ordering: upstream.sequencer, onBatch: metrics.submitted },
      ),
      fees: createFees({ tipFallbackWei: BigInt(config.tipFallbackWei) }, { heads, index }),
      filters: createFilters(
        { max: config.filtersMax, idleMs: config.filterIdleMs },
        { heads, index, now: () => performance.now(), newId },
      ),
    };
    const dispatcher = createDispatcher(
      {
        batchMax: limits.jsonRpcBatchMax,
        inFlightMax: config.requestsMax,
        responseCharsMax,
        timeoutMs: config.requestTimeoutMs,
      },
      {
        methods: allMethods(gateway),
        observe: metrics.request,
        onBug: (method, err) => log.error({ method, err }, 'a request failed inside'),
        now: () => performance.now(),
      },
    );
    const connections = createConnections(
      {
        connectionsMax: config.connectionsMax,
        subscriptionsMax: config.subscriptionsMax,
        queueBytesMax: config.connectionQueueBytesMax,
        requestsMax: config.connectionRequestsMax,
        pingMs,
      },
      { dispatcher, newId, events: metrics },
    );
    closing.add('block listener', heads.listen(connections.notify));
    await openHttp(dispatcher, connections);
    await openFollowers(heads, upstream);
  }

  function gate(name: string, runningMax: number): Gate {
    return createGate({ name, runningMax, waitingMax: runningMax * waitingPerRunning });
  }

  function openDatabase(): Store {
    const store = openStore(
      { url: config.databaseUrl, applicationName: 'sheaf-gateway', connectionsMax: config.databaseConnectionsMax },
      { log, metrics: context.metrics },
    );
    closing.add('database', () => store.close());
    return store;
  }

  function openUpstream(): Upstream {
    const tls = tlsFiles(config);
    const rpc = { log, metrics: context.metrics };
    const execution = createRpcClient(
      executionV1.ExecutionServiceService,
      { address: config.executionAddress, tls },
      rpc,
    );
    closing.add('execution client', () => execution.close());
    const sequencer = createRpcClient(
      sequencerV1.SequencerServiceService,
      { address: config.sequencerAddress, tls },
      rpc,
    );
    closing.add('sequencer client', () => sequencer.close());
    const settlement = createRpcClient(
      settlementV1.SettlementServiceService,
      { address: config.settlementAddress, tls },
      rpc,
    );
    closing.add('settlement client', () => settlement.close());
    return {
      execution: createExecution(config, { client: execution, gate: gate('execution', config.upstreamMax) }),
      sequencer: createSequencer(config, { client: sequencer, gate: gate('the sequencer', config.upstreamMax) }),
      finalized: createSettlement(config, { client: settlement }),
    };
  }

  async function openHttp(
    dispatcher: ReturnType<typeof createDispatcher>,
    connections: ReturnType<typeof createConnections>,
  ): Promise<void> {
    const http = await createHttpServer(
      {
        host: config.httpHost,
        port: config.httpPort,
        corsOrigins: config.corsOrigins,
        requestTimeoutMs: config.requestTimeoutMs,
      },
      { dispatcher, connections, log },
    );
    closing.add('JSON-RPC', () => http.close());
    boundPort = await http.listen();
    log.info({ host: config.httpHost, port: boundPort }, 'JSON-RPC is served');
  }

  async function openFollowers(opened: Heads, upstream: Upstream): Promise<void> {
    const bus = await connectBus(
      { url: config.natsUrl, streamPrefix: config.streamPrefix, name: 'gateway' },
      { log, metrics: context.metrics },
    );
    closing.add('bus', () => bus.close());
    busReady = () => bus.ready();
    followers = createFollowers({
      bus,
      log,
      heads: opened,
      blocks: upstream.execution,
      sequencer: upstream.sequencer,
      finalized: upstream.finalized,
    });
    closing.add('followers', () => followers?.stop());
    await followers.start();
  }

  function health(): Health {
    const divergence = heads?.divergence();
    const indexed = heads?.ready() ?? false;
    const lag = followers?.lag() ?? 0n;
    const caughtUp = indexed && lag <= lagMax;
    const checks: Health['checks'] = {
      listening: { ok: boundPort !== 0 },
      index: { ok: caughtUp, detail: indexed ? `${lag} blocks behind execution` : 'no block is indexed yet' },
      agreement: divergence === undefined ? { ok: true } : { ok: false, detail: divergence },
      // Heads move without it too, only slower: reported, not required.
      bus: { ok: busReady() },
    };
    return { ready: boundPort !== 0 && caughtUp && divergence === undefined, checks };
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await closing.closeAll();
  }

  return { start, stop, health, port: () => boundPort };
}

interface Upstream {
  execution: ReturnType<typeof createExecution>;
  sequencer: ReturnType<typeof createSequencer>;
  finalized: ReturnType<typeof createSettlement>;
}

/** Ids of filters and subscriptions: 128 bits, so that nobody guesses another's. */
function newId(): Hex {
  return `0x${randomBytes(16).toString('hex')}`;
}

export const gateway = defineService({
  name: 'gateway',
  config: gatewayConfig,
  create: (context) => createGateway(context),
});
