import { randomInt } from 'node:crypto';
import { connectBus, follow, type Bus } from '@sheaf/bus';
import { headerHash } from '@sheaf/ethereum';
import { bucketsOf, partitionLimits } from '@sheaf/partition';
import { ChainError, toHeight } from '@sheaf/primitives';
import { decodeBlockAnnouncement, decodePayloadAnnouncement, sequencerV1 } from '@sheaf/proto';
import { createRpcClient, createRpcServer, tlsFiles, type ServiceImplementation, type TlsFiles } from '@sheaf/rpc';
import {
  closeInReverse,
  defineService,
  readChainSpec,
  type Health,
  type Service,
  type ServiceContext,
} from '@sheaf/service';
import type { BucketRange } from '@sheaf/state';
import { createAnnouncer } from './adapters/announcer.ts';
import { createCaller, createExecutor, createTraceMaker } from './adapters/executor.ts';
import { createExecutionService } from './adapters/grpc.ts';
import { openBlockStore } from './adapters/block-store.ts';
import { createLaneReadService } from './adapters/lane-reads.ts';
import { createSnapshotService } from './adapters/snapshot-service.ts';
import { connectMembers } from './adapters/remote-members.ts';
import { createLanePeers, type LanePeers } from './adapters/lane-peers.ts';
import { startLaneThread } from './adapters/lane-thread.ts';
import { createPayloadSource } from './adapters/sequencer.ts';
import { startThreads, type Threads } from './adapters/threads.ts';
import { config, type ExecutionConfig } from './config.ts';
import { startAnnouncing } from './domain/announcing.ts';
import { createCrossCheck } from './domain/cross-check.ts';
import { watchHead, type HeadWatch } from './domain/head.ts';
import { createLaneControl } from './domain/lane-control.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { BlockExecutor, BlockStore, Caller, Executed, HashedPayload, PayloadSource, TraceMaker } from './ports.ts';
import { getState, type GetStateOptions } from './get-state.ts';
import type { Lane } from './lane-ports.ts';
import { traceLimits } from './trace-limits.ts';
import type { WorkerSetup } from './workers/messages.ts';

/** Between two tries at one block. */
const laneRetryMs = 50;

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
  const state: {
    port: number;
    serving: boolean;
    fault?: string | undefined;
    /** What keeps the member from having a state. */
    waiting?: string | undefined;
    /** Set for good: only a person can say which lane is right. */
    divergence?: string;
    ready: () => Health['checks'];
  } = {
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
    const lane = laneOf(settings);
    const buckets = bucketsOf(lane.member, lane.members);
    if (settings.snapshotFrom !== undefined) await openState({ spec, lane, buckets, tls, from: settings.snapshotFrom });
    const store = await openBlockStore(settings.dataDir, spec, buckets);
    opened.add('database', () => store.close());
    const head = watchHead(store.head());
    metrics.head.set(Number(head.current().height));
    metrics.published.set(Number(store.published()));

    const setup: Omit<WorkerSetup, 'commits'> = {
      kind: 'execution',
      member: lane.member,
      members: lane.members,
      lane: lane.members === 1 ? undefined : { addresses: lane.addresses, tls },
      dataDir: settings.dataDir,
      stateHeightsKept: settings.stateHeightsKept,
      stateCacheMib: settings.stateCacheMib,
      warmPointEvaluation: settings.warmPointEvaluation,
      spec,
    };
    const [{ executor, peers }, callThreads] = await Promise.all([
      lane.members === 1
        ? openAlone({ ...setup, commits: true })
        : openLane({ lane, setup: { ...setup, commits: true }, store, head, tls }),
      openThreads({ ...setup, commits: false }, 'call', settings.callThreads, settings.callQueueMax),
    ]);
    const caller = createCaller({ timeoutMs: settings.callTimeoutMs }, { threads: callThreads, metrics });
    const tracer = openTracer({ ...setup, commits: false, warmPointEvaluation: false });
    const services = openServices({ lane, buckets, store, head, caller, tracer, tls });
    if (peers !== undefined) services.push(peers.service);
    const server = createRpcServer(
      { host: settings.grpcHost, port: settings.grpcPort, ...(tls && { tls }) },
      { log, metrics: registry, services },
    );
    state.port = await server.start();
    opened.add('grpc', () => server.stop());
    if (peers !== undefined) {
      peers.start();
      opened.add('peers', () => peers.close());
    }

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
    state.ready = () => ({ bus: { ok: bus.ready() }, sequencer: { ok: source.reachable() } });
    await startFollowing({ bus, store, head, source, executor });
    await startCrossCheck({ bus, store, head });
    state.serving = true;
    log.info({ ...head.current(), port: state.port }, 'serving');
  }

  /** Traces are rare and long: their thread is opened at the first one, and it is no thread of calls. */
  function openTracer(setup: WorkerSetup): TraceMaker {
    let opening: Promise<Threads> | undefined;
    const threads = () => {
      opening ??= openThreads(setup, 'trace', 1, traceLimits.queueMax).catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    };
    return createTraceMaker({ threads, metrics });
  }

  /** What others ask: anybody the member for what it has executed, the members of its lane each other for their state. */
  function openServices(deps: {
    lane: Lane;
    buckets: BucketRange;
    store: BlockStore;
    head: HeadWatch;
    caller: Caller;
    tracer: TraceMaker;
    tls: TlsFiles | undefined;
  }): ServiceImplementation[] {
    const { lane, buckets, store, head, caller, tracer, tls } = deps;
    const { member, members, addresses } = lane;
    const { streamsMax } = settings;
    const snapshots = createSnapshotService({ buckets }, { store, head, caller });
    if (members === 1) return [createExecutionService({ streamsMax }, { store, caller, tracer, head }), snapshots];
    const others = connectMembers({ member, addresses, tls }, { log, metrics: registry });
    opened.add('members', async () => others.close());
    return [
      createExecutionService({ streamsMax }, { store, caller, tracer, head, lane: others }),
      createLaneReadService({ member, members }, { store, head, caller }),
      snapshots,
    ];
  }

  /** Afterwards the data directory has a state to go on from, or genesis is one. It is not ready for so long. */
  async function openState(deps: Omit<GetStateOptions, 'settings' | 'signal'>): Promise<void> {
    const stopping = new AbortController();
    state.waiting = 'it has no state yet';
    metrics.snapshotImporting.set(1);
    const done = getState(
      { ...deps, settings, signal: stopping.signal },
      { log, registry, metrics, tell: (what) => (state.waiting = what) },
    );
    opened.add('snapshot', async () => {
      stopping.abort();
      await done.catch(() => undefined);
    });
    await done;
    state.waiting = undefined;
    metrics.snapshotImporting.set(0);
  }

  async function openAlone(setup: WorkerSetup): Promise<{ executor: BlockExecutor; peers: undefined }> {
    return { executor: createExecutor(await openThreads(setup, 'block', 1, 1)), peers: undefined };
  }

  /** The member's part in the execution of its lane: its thread, its peers, and what leads them. */
  async function openLane(deps: {
    lane: Lane;
    setup: WorkerSetup;
    store: BlockStore;
    head: HeadWatch;
    tls: TlsFiles | undefined;
  }): Promise<{ executor: BlockExecutor; peers: LanePeers }> {
    const { lane, setup, store, head, tls } = deps;
    // A greater one at every start: attempts of a process before are void.
    const session = Date.now();
    const peers = createLanePeers(
      {
        lane: settings.lane,
        member: lane.member,
        addresses: lane.addresses,
        genesisHash: store.genesisHash(),
        head: () => head.current(),
        session: BigInt(session),
        tls,
      },
      {
        log,
        metrics: registry,
        onMessage: (from, body) => control.onMessage(from, body),
        onUp: () => control.onUp(),
        onDown: (member) => control.onDown(member),
      },
    );
    const control = createLaneControl(
      {
        member: lane.member,
        members: lane.members,
        session,
        retryMs: laneRetryMs,
        stallMs: settings.laneStallMs,
      },
      {
        peers,
        tell: (order, transfer) => thread.tell(order, transfer),
        part(height, member) {
          store.refresh();
          return store.part(height, member);
        },
        head: () => head.current().height,
        salt: () => randomInt(2 ** 32),
        onShare(share) {
          metrics.executedHere.inc(share.transactionsRun);
          metrics.remoteReads.inc(share.remoteReads);
          metrics.repairRounds.inc(Math.max(0, share.rounds - 1));
        },
        onAttemptLost(reason) {
          metrics.attemptsLost.inc();
          log.warn({ reason }, 'a try at a block is given up');
        },
      },
    );
    const thread = await startLaneThread(
      { workerFile, setup },
      {
        onWord: (word) => control.onWord(word),
        onLost(error) {
          metrics.threadRestarts.inc();
          log.warn({ err: error, threads: 'lane' }, 'a worker thread is replaced');
          control.onThreadLost();
        },
        onReopened: () => control.onThreadReopened(),
      },
    );
    opened.add('lane', async () => {
      control.close();
      await thread.close();
    });
    return { executor: control, peers };
  }

  /** Another lane's block at a height of this one's must be the same: otherwise nobody knows which is right, and the head stops. */
  async function startCrossCheck({
    bus,
    store,
    head,
  }: {
    bus: Bus;
    store: BlockStore;
    head: HeadWatch;
  }): Promise<void> {
    const check = createCrossCheck({
      hashAt: (height) => {
        store.refresh();
        const header = height > head.current().height ? undefined : store.header(toHeight(height));
        return header && headerHash(header);
      },
      onDivergence(height, own, other) {
        state.divergence = `another lane has block ${other} at height ${height}, this one has ${own}`;
        metrics.divergence.set(1);
        log.fatal({ height, own, other }, 'two lanes disagree: the head stops here');
      },
    });
    head.onAdvance((height) => check.executed(height));
    const subscription = await bus.subscribe('blocks', ({ body }) => {
      const { height, hash } = decodeBlockAnnouncement(body);
      check.announced(height, hash);
    });
    opened.add('cross-check', () => subscription.stop());
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
        // An announcement is no truth: senders are believed from the sequencer itself, with the payload.
        decode: (body) => ({ height: decodePayloadAnnouncement(body).height, value: undefined }),
        fetch: (height) => source.payload(height),
        head: () => source.head(),
        async apply(height, payload) {
          metrics.payload.set(Math.max(Number(height), Number(follower.next() + follower.lag()) - 1));
          if (state.divergence !== undefined) {
            return stopHead(new ChainError({ code: 'CONFLICT', message: state.divergence }));
          }
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
    const stateCheck = state.waiting === undefined ? {} : { state: { ok: false, detail: state.waiting } };
    const checks = { ...stateCheck, head: headCheck, grpc: { ok: state.serving }, ...state.ready() };
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

/** @throws ChainError `INVALID_ARGUMENT` naming the setting */
function laneOf({ partition, laneMembers }: ExecutionConfig): Lane {
  const addresses = laneMembers ?? [];
  const members = Math.max(1, addresses.length);
  const refuse = (field: string, message: string) =>
    new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} ${message}` });
  if (members > partitionLimits.membersMax) {
    throw refuse('SHEAF_LANE_MEMBERS', `must name at most ${partitionLimits.membersMax} members, got ${members}`);
  }
  if (partition >= members) {
    throw refuse('SHEAF_PARTITION', `must be below the ${members} that SHEAF_LANE_MEMBERS names, got ${partition}`);
  }
  return { member: partition, members, addresses: [...addresses] };
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
