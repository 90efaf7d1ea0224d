import { createEvm, warmPrecompiles } from '@sheaf/evm';
import { headerHash } from '@sheaf/ethereum';
import { bucketsOf, digestOfTops, LaneMember, type Decision } from '@sheaf/partition';
import { bytesToHex, ChainError, equalBytes, toHash32, toHeight } from '@sheaf/primitives';
import { changesOf, decodeAccessList } from '@sheaf/state';
import { createForkRules, taskOfPayload } from '@sheaf/state-transition';
import type { MessagePort } from 'node:worker_threads';
import { openBlockWriter } from '../adapters/block-store.ts';
import { youngCollector } from '../adapters/young-generation.ts';
import { executedBefore, readAncestors } from '../domain/execute-next.ts';
import type { BlockWriter, CommittedBlock, Executed, LanePart } from '../ports.ts';
import { startMaintenance } from './maintenance.ts';
import { toFailure, type Hello, type LaneOrder, type LaneWord, type WorkerSetup } from './messages.ts';

/** Pieces of work between two looks for messages. */
const stepsPerTurn = 8;
/** Code bytes compiled after one block: some milliseconds. */
const compileBytesMax = 32_768;

/** The thread of a lane's member that executes and commits its part of every block. */
export async function openLaneThread(setup: WorkerSetup, port: MessagePort): Promise<void> {
  const { spec, member, members, stateHeightsKept, stateCacheMib } = setup;
  const buckets = bucketsOf(member, members);
  const store = openBlockWriter(setup.dataDir, {
    buckets,
    heightsKept: stateHeightsKept,
    branchBytesCachedMax: stateCacheMib * 2 ** 20,
  });
  const rules = createForkRules(spec);
  const evm = createEvm({ fork: spec.fork, chainId: spec.chainId });
  await warmPrecompiles({ pointEvaluation: setup.warmPointEvaluation });
  const ancestors = readAncestors(store);
  let order: (LaneOrder & { type: 'begin' }) | undefined;
  let decision: Decision | undefined;
  let scheduled = false;
  const say = (word: LaneWord, transfer: ArrayBuffer[] = []) => port.postMessage(word, transfer);
  const lane = new LaneMember(
    { member, members, rules, evm },
    {
      state: store.state,
      send(to, message) {
        const body = message.slice();
        say({ type: 'send', to, body }, [body.buffer]);
      },
      decided: (decided) => (decision = decided),
    },
  );
  const maintenance = startMaintenance({ store, collectYoung: youngCollector(), busy: () => order !== undefined });

  const stateOf = () => ({ ...store.stats(), maintenanceFault: maintenance.fault() });

  function begin(next: LaneOrder & { type: 'begin' }): void {
    abandon();
    store.refresh();
    const head = store.head();
    const { payload, hash, senders } = next.payload;
    if (payload.height <= head.height) {
      // The thread before this one died, or failed, when the block was durable and nobody had heard of it.
      const executed = { ...executedBefore({ payload, hash }, store, member), state: stateOf() };
      return say({ type: 'executed', executed, figures: undefined });
    }
    if (payload.height !== head.height + 1n) {
      throw new ChainError({
        code: 'CONFLICT',
        message: `payload ${payload.height} does not follow block ${head.height}`,
      });
    }
    order = next;
    const before = ancestors.upTo(head.height);
    const input = { payload, payloadHash: hash, parent: before[0]!, ancestors: before, ...(senders && { senders }) };
    lane.begin(taskOfPayload(rules, input), next.attempt);
  }

  function commit(decided: Decision): void {
    const { payload, published } = order!;
    // The other members may commit while what the head is goes on to be made here.
    const durable = () => lane.committed();
    const executed =
      decided.whole === undefined
        ? commitPart(store, decided)
        : commitWhole(store, decided, { payload: payload.payload, published }, durable);
    if (decided.whole === undefined) durable();
    order = undefined;
    decision = undefined;
    const { transactions: transactionsRun, remoteReads } = decided;
    const figures = { rounds: decided.whole?.figures.rounds ?? 0, transactionsRun, remoteReads };
    say({ type: 'executed', executed: { ...executed, state: stateOf() }, figures });
    maintenance.wake();
    setTimeout(() => order === undefined && evm.compilePending(compileBytesMax), 0);
  }

  function apply(part: LanePart): void {
    abandon();
    const executed = applyPart(store, part);
    say({ type: 'executed', executed: { ...executed, state: stateOf() }, figures: undefined });
    maintenance.wake();
  }

  function abandon(): void {
    lane.abandon();
    order = undefined;
    decision = undefined;
  }

  function fail(error: unknown, from: number | undefined): void {
    abandon();
    say({ type: 'failed', failure: toFailure(error), from });
  }

  function work(): void {
    scheduled = false;
    try {
      for (let steps = 0; steps < stepsPerTurn; steps++) {
        if (decision !== undefined) return commit(decision);
        if (!lane.step()) return decision === undefined ? undefined : commit(decision);
      }
    } catch (error) {
      return fail(error, undefined);
    }
    wake();
  }

  function wake(): void {
    if (!scheduled) setImmediate(work);
    scheduled = true;
  }

  port.on('message', (next: LaneOrder) => {
    try {
      if (next.type === 'begin') begin(next);
      else if (next.type === 'abandon') abandon();
      else if (next.type === 'apply') apply(next.part);
      else lane.receive(next.from, next.body);
    } catch (error) {
      fail(error, next.type === 'message' ? next.from : undefined);
    }
    wake();
  });
  port.postMessage({ ready: true } satisfies Hello);
}

function commitWhole(
  store: BlockWriter,
  { prepared, accessList, ancestorsRead, whole }: Decision,
  { payload, published }: Pick<CommittedBlock, 'payload' | 'published'>,
  durable: () => void,
): Omit<Executed, 'state'> {
  const { block, accessLists, topsDigests } = whole!;
  const record = { ...block, height: payload.height };
  const parts = accessLists.flatMap((list, member) =>
    member === 0 ? [] : [{ member, accessList: list, topsDigest: topsDigests[member]! }],
  );
  store.commitWhole(
    { record, header: block.header, payload, ancestorsRead, published },
    prepared,
    {
      accessList,
      parts,
    },
    durable,
  );
  return {
    height: payload.height,
    hash: block.hash,
    transactions: block.receipts.length,
    gasUsed: block.header.gasUsed,
    droppedReasons: block.dropped.map(({ reason }) => reason),
  };
}

function commitPart(
  store: BlockWriter,
  { header, prepared, accessList, ancestorsRead }: Decision,
): Omit<Executed, 'state'> {
  const height = toHeight(header.number);
  store.commitPart({ height, header, accessList, ancestorsRead }, prepared);
  return { height, hash: headerHash(header), transactions: 0, gasUsed: header.gasUsed, droppedReasons: [] };
}

/** @throws ChainError `CONFLICT` when the part does not follow the head, `DATA_LOSS` when the state comes out another */
function applyPart(store: BlockWriter, part: LanePart): Omit<Executed, 'state'> {
  store.refresh();
  const { header, accessList, topsDigest } = part;
  const head = store.head();
  if (header.number !== head.height + 1n || header.parentHash !== head.hash) {
    throw new ChainError({ code: 'CONFLICT', message: `block ${header.number} does not follow block ${head.height}` });
  }
  const prepared = store.state.prepare(changesOf(decodeAccessList(accessList)));
  const { first, end } = store.state.buckets();
  const digest = digestOfTops(prepared.tops.slice(first, end));
  if (!equalBytes(digest, topsDigest)) {
    const message = `the state after block ${header.number} is ${bytesToHex(digest)}, the coordinator's lane had ${toHash32(topsDigest)}`;
    throw new ChainError({ code: 'DATA_LOSS', message });
  }
  store.commitPart(part, prepared);
  return {
    height: part.height,
    hash: headerHash(header),
    transactions: 0,
    gasUsed: header.gasUsed,
    droppedReasons: [],
  };
}
