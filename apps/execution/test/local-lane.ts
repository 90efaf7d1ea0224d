// A lane of members with real stores and real gRPC between them, without their threads and without anybody who orders.
import { createEvm } from '@sheaf/evm';
import { bucketsOf, LocalLane } from '@sheaf/partition';
import { executionV1 } from '@sheaf/proto';
import { createRpcClient, createRpcServer, type RpcClient, type RpcServer } from '@sheaf/rpc';
import { createEngine, createForkRules, taskOfPayload } from '@sheaf/state-transition';
import { freePort } from '@sheaf/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { Registry } from 'prom-client';
import { openBlockStore, openBlockWriter } from '../src/adapters/block-store.ts';
import { createCaller, createTraceMaker } from '../src/adapters/executor.ts';
import { createExecutionService } from '../src/adapters/grpc.ts';
import { createLaneReadService } from '../src/adapters/lane-reads.ts';
import { createSnapshotService } from '../src/adapters/snapshot-service.ts';
import { connectMembers } from '../src/adapters/remote-members.ts';
import { executeNext, readAncestors } from '../src/domain/execute-next.ts';
import { watchHead, type HeadWatch } from '../src/domain/head.ts';
import type { LaneReadLimits } from '../src/lane-limits.ts';
import type { LaneReads } from '../src/lane-ports.ts';
import { createMetrics } from '../src/metrics.ts';
import type { BlockStore, BlockWriter } from '../src/ports.ts';
import { answerJobs } from '../src/workers/call-thread.ts';
import type { Job } from '../src/workers/messages.ts';
import type { ReferenceChain, Sealed } from './reference-chain.ts';

export interface TestMember {
  dataDir: string;
  writer: BlockWriter;
  head: HeadWatch;
  lane: LaneReads | undefined;
  server: RpcServer;
  client: RpcClient<typeof executionV1.ExecutionServiceService>;
}

export interface TestLane {
  members: TestMember[];
  addresses: string[];
  /** Every member commits the block; `watching` are told, the others learn nothing of it. */
  execute(sealed: Sealed, watching?: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

/** With one member, the sequential way. */
export async function openLocalLane(
  { spec }: ReferenceChain,
  count: number,
  limits: Partial<LaneReadLimits> = {},
  heightsKept = 256,
): Promise<TestLane> {
  const folder = mkdtempSync(join(tmpdir(), 'sheaf-lane-reads-'));
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()));
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const stores: BlockStore[] = [];
  const members: TestMember[] = [];
  for (let member = 0; member < count; member++) {
    const dataDir = join(folder, `${member}`);
    const buckets = bucketsOf(member, count);
    const store = await openBlockStore(dataDir, spec, buckets);
    const readers = await openBlockStore(dataDir, undefined, buckets);
    stores.push(store, readers);
    const writer = openBlockWriter(dataDir, { buckets, heightsKept, pendingHeightsMin: 1 });
    const head = watchHead(store.head());
    const lane = count === 1 ? undefined : connectMembers({ member, addresses, limits }, {});
    const metrics = createMetrics(new Registry());
    const threads = oneThread(spec, readers, lane);
    const caller = createCaller({ timeoutMs: 60_000 }, { threads, metrics });
    const tracer = createTraceMaker({ threads: async () => threads, metrics });
    const deps = { store, head, caller, tracer };
    const server = createRpcServer(
      { host: '127.0.0.1', port: ports[member]!, graceMs: 0 },
      {
        log: pino({ level: 'silent' }),
        metrics: new Registry(),
        services: [
          createExecutionService({ streamsMax: 2 }, { ...deps, lane }),
          createLaneReadService({ member, members: count, limits }, deps),
          createSnapshotService({ buckets }, deps),
        ],
      },
    );
    await server.start();
    const client = createRpcClient(
      executionV1.ExecutionServiceService,
      { address: addresses[member]!, retry: { attemptsMax: 1 } },
      {},
    );
    members.push({ dataDir, writer, head, lane, server, client });
  }
  const execute = count === 1 ? alone(spec, members[0]!) : together(spec, members);
  return {
    members,
    addresses,
    async execute(sealed, watching = members.map((_, member) => member)) {
      await execute(sealed);
      for (const member of watching) {
        const { writer, head } = members[member]!;
        writer.refresh();
        head.advance(writer.head());
      }
    },
    async close() {
      for (const { client, lane, server, writer } of members) {
        client.close();
        lane?.close();
        await server.stop();
        await writer.close();
      }
      for (const store of stores) await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a call thread does, here: one job after the other. */
function oneThread(spec: ReferenceChain['spec'], store: BlockStore, lane: LaneReads | undefined) {
  const answer = answerJobs({ engine: createEngine(spec), spec }, store, lane);
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(job: Job): Promise<unknown> {
      const next = last.then(() => answer(job));
      last = next.catch(() => undefined);
      return next;
    },
    close: () => Promise.resolve(),
  };
}

function alone(spec: ReferenceChain['spec'], { writer }: TestMember) {
  const engine = createEngine(spec);
  const ancestors = readAncestors(writer);
  return async (sealed: Sealed): Promise<void> => {
    await executeNext(sealed, 0n, { engine, store: writer, ancestors });
  };
}

function together(spec: ReferenceChain['spec'], members: readonly TestMember[]) {
  const rules = createForkRules(spec);
  const evm = createEvm({ fork: spec.fork, chainId: spec.chainId });
  const lane = new LocalLane({
    members: members.length,
    rules,
    evm: () => evm,
    state: (member) => members[member]!.writer.state,
  });
  const ancestors = readAncestors(members[0]!.writer);
  let attempt = 0;
  return async ({ payload, hash }: Sealed): Promise<void> => {
    members[0]!.writer.refresh();
    const before = ancestors.upTo(payload.height - 1n);
    const task = taskOfPayload(rules, { payload, payloadHash: hash, parent: before[0]!, ancestors: before });
    const decisions = lane.execute(task, { session: 1, attempt: ++attempt, salt: attempt });
    const { block, accessLists, topsDigests } = decisions[0]!.whole!;
    for (const [member, { header, prepared, accessList, ancestorsRead }] of decisions.entries()) {
      const { writer } = members[member]!;
      if (member > 0) {
        writer.commitPart({ height: payload.height, header, accessList, ancestorsRead }, prepared);
        continue;
      }
      const parts = accessLists.map((list, of) => ({ member: of, accessList: list, topsDigest: topsDigests[of]! }));
      const record = { ...block, height: payload.height };
      const whole = { record, header, payload, ancestorsRead, published: 0n };
      writer.commitWhole(whole, prepared, { accessList, parts: parts.slice(1) }, () => undefined);
    }
  };
}
