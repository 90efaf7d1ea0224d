import { connectBus, follow, type Bus } from '@sheaf/bus';
import { decodePayloadAnnouncement, sequencerV1 } from '@sheaf/proto';
import { payloadHash } from '@sheaf/protocol';
import { createRpcClient, createRpcServer, tlsFiles } from '@sheaf/rpc';
import {
  closeInReverse,
  defineService,
  readChainSpec,
  type Health,
  type Service,
  type ServiceContext,
} from '@sheaf/service';
import { createAnnouncer } from './adapters/announcer.ts';
import { createCaller, createExecutor } from './adapters/executor.ts';
import { createExecutionService } from './adapters/grpc.ts';
import { openBlockStore } from './adapters/block-store.ts';
import { createPayloadSource } from './adapters/sequencer.ts';
import { startThreads } from './adapters/threads.ts';
import { config, type ExecutionConfig } from './config.ts';
import { startAnnouncing } from './domain/announcing.ts';
import { watchHead, type HeadWatch } from './domain/head.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { BlockExecutor, Executed, HashedPayload, PayloadSource, BlockStore } from './ports.ts';
import type { WorkerSetup } from './workers/messages.ts';

/** What a test may exchange. */
export interface ExecutionDependencies {
  /** Bundle that worker threads start from; default: this file, which in production is that bundle. */
  workerFile?: string;
}

/** A member of the execution service: `grpcPort()` is the bound port once started. */
export interface ExecutionMember extends Service {
  grpcPort(): number;
}

/** Builds a member; nothing is opened before `start`. */
export function createExecutionMember(
  context: ServiceContext<ExecutionConfig>,
  { workerFile = __filename }: ExecutionDependencies = {},
): ExecutionMember {
  const { config: settings, log, metrics: registry } = context;
  const opened = closeInReverse();
  const metrics = createMetrics(registry);
  const state: { port: number; serving: boolean; fault?: string | undefined; ready: () => Health['checks'] } = {
    port: 0,
    serving: false,
    ready: () => ({}),
  };

  async function openThreads(setup: WorkerSetup, name: string, count: number, queueMax: number) {
    const threads = await startThreads(
      { workerFile, setup, count, queueMax },
      {
        onRestart(error) {
          metrics.threadRestarts.inc();
          log.warn({ err: error, threads: name }, 'a worker thread is replaced');
        },
      },
    );
    opened.add(`${name} threads`, () => threads.close());
    return threads;
  }

  async function start(): Promise<void> {
    const spec = readChainSpec(settings.chainSpecFile);
    const tls = tlsFiles(settings);
    const store = await openBlockStore(settings.dataDir, spec);
    opened.add('database', () => store.close());
    const head = watchHead(store.head());
    metrics.head.set(Number(head.current().height));
    metrics.published.set(Number(store.published()));

    const setup: Omit<WorkerSetup, 'commits'> = {
      kind: 'execution',
      dataDir: settings.dataDir,
      stateHeightsKept: settings.stateHeightsKept,
      stateCacheMib: settings.stateCacheMib,
      warmPointEvaluation: settings.warmPointEvaluation,
      spec,
    };
    const [blockThread, callThreads] = await Promise.all([
      openThreads({ ...setup, commits: true }, 'block', 1, 1),
      openThreads({ ...setup, commits: false }, 'call', settings.callThreads, settings.callQueueMax),
    ]);
    const caller = createCaller({ timeoutMs: settings.callTimeoutMs }, { threads: callThreads, metrics });
    const service = createExecutionService({ streamsMax: settings.streamsMax }, { store, caller, head });
    const server = createRpcServer(
      { host: settings.grpcHost, port: settings.grpcPort, ...(tls && { tls }) },
      { log, metrics: registry, services: [service] },
    );
    state.port = await server.start();
    opened.add('grpc', () => server.stop());

    const bus = await connectBus(
      { url: settings.natsUrl, streamPrefix: settings.streamPrefix, name: context.name },
      { log, metrics: registry },
    );
    opened.add('bus', () => bus.close());
    const client = createRpcClient(
      sequencerV1.SequencerServiceService,
      { address: settings.sequencerAddress, ...(tls && { tls }) },
      { log, metrics: registry },
    );
    opened.add('sequencer client', () => client.close());
    const source = createPayloadSource(client);
    const executor = createExecutor(blockThread);
    state.ready = () => ({ bus: { ok: bus.ready() }, sequencer: { ok: source.reachable() } });
    await startFollowing({ bus, store, head, source, executor });
    state.serving = true;
    log.info({ ...head.current(), port: state.port }, 'serving');
  }

  async function startFollowing(deps: {
    bus: Bus;
    store: BlockStore;
    head: HeadWatch;
    source: PayloadSource;
    executor: BlockExecutor;
  }): Promise<void> {
    const { bus, store, head, source, executor } = deps;
    const announcing = startAnnouncing({
      store,
      announcer: createAnnouncer(bus),
      onPublished: (height) => metrics.published.set(Number(height)),
      onFailure: (error) => log.warn({ err: error }, 'a block could not be announced; trying again'),
    });
    opened.add('announcing', () => announcing.stop());
    const follower = follow<HashedPayload>(
      { topic: 'payloads', next: head.current().height + 1n, pollMs: settings.pollMs },
      {
        bus,
        log,
        decode: decodeAnnouncement,
        fetch: (height) => source.payload(height),
        head: () => source.head(),
        async apply(_height, payload) {
          const done = metrics.seconds.startTimer();
          const executed = await executor.execute(payload, announcing.published()).catch(stopHead);
          done();
          state.fault = undefined;
          count(metrics, executed);
          head.advance(executed);
          announcing.wake();
        },
      },
    );
    opened.add('follower', () => follower.stop());
    await follower.start();
  }

  /**
   * The head stays where it is and the alarm is on; the follower goes on asking, so a disk with space again or the right
   * payload clears it without an operator.
   */
  function stopHead(error: unknown): never {
    state.fault = error instanceof Error ? error.message : String(error);
    metrics.stopped.set(1);
    throw error;
  }

  function health(): Health {
    const headCheck = state.fault === undefined ? { ok: true } : { ok: false, detail: state.fault };
    const checks = { head: headCheck, grpc: { ok: state.serving }, ...state.ready() };
    return { ready: Object.values(checks).every(({ ok }) => ok), checks };
  }

  return {
    start,
    async stop() {
      state.serving = false;
      await opened.closeAll();
    },
    health,
    grpcPort: () => state.port,
  };
}

/** The service as its process runs it. */
export const execution = defineService({
  name: 'execution',
  config,
  create: (context) => createExecutionMember(context),
});

/**
 * An announced payload that is not what its hash says is fetched instead. Senders are taken as announced: who may publish
 * there is trusted with them as the sequencer is.
 */
function decodeAnnouncement(body: Uint8Array): { height: bigint; value: HashedPayload | undefined } {
  const { height, hash, payload, senders } = decodePayloadAnnouncement(body);
  if (payload === undefined || payloadHash(payload) !== hash) return { height, value: undefined };
  return { height, value: { payload, hash, ...(senders && { senders }) } };
}

function count(metrics: Metrics, executed: Executed): void {
  metrics.stopped.set(0);
  metrics.head.set(Number(executed.height));
  metrics.transactions.inc(executed.transactions);
  metrics.gas.inc(Number(executed.gasUsed));
  const { state } = executed;
  metrics.oldestState.set(Number(state.oldest ?? 0n));
  for (const kept of ['account', 'slot', 'branch'] as const) {
    metrics.stateCacheBytes.set({ of: kept }, state[`${kept}BytesCached`]);
    metrics.stateCacheLookups.set({ of: kept, outcome: 'hit' }, state[`${kept}Hits`]);
    metrics.stateCacheLookups.set({ of: kept, outcome: 'miss' }, state[`${kept}Misses`]);
  }
  metrics.stateCacheBytes.set({ of: 'pending' }, state.pendingBytes);
  metrics.statePendingHeights.set(state.pendingHeights);
  metrics.stateJournalBytes.set(state.journalBytes);
  metrics.stateCommitsHeldUp.set(state.commitsHeldUp);
  metrics.stateMaintenanceFailing.set(state.maintenanceFault === undefined ? 0 : 1);
  for (const reason of executed.droppedReasons) metrics.dropped.inc({ reason });
}
