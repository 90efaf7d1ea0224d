import { MissingState, type MissingKey } from '@sheaf/evm';
import { decodeBlock, headerHash, type Header } from '@sheaf/ethereum';
import { bucketsOf } from '@sheaf/partition';
import { ChainError, toAddress, toHash32, type Height } from '@sheaf/primitives';
import { blockFromWire, executionV1, type BlockRecord } from '@sheaf/proto';
import type { ChainSpec } from '@sheaf/protocol';
import { answerSnapshot, decodeWant, encodeAnswer } from '@sheaf/state';
import type { CallInput, CallMessage } from '@sheaf/state-transition';
import { openBlockStore } from '../adapters/block-store.ts';
import { connectMembers } from '../adapters/remote-members.ts';
import { readAncestors } from '../domain/execute-next.ts';
import { makeWitness, makeWitnessPart } from '../domain/make-witness.ts';
import type { TraceSource } from '../domain/tracing/trace-block.ts';
import type { Tracing } from '../domain/tracing/tracing.ts';
import { RemoteValues } from '../domain/remote-state.ts';
import { laneReadLimits } from '../lane-limits.ts';
import type { LaneReads } from '../lane-ports.ts';
import type { BlockStore, ExecutionEngine } from '../ports.ts';
import { traceLimits } from '../trace-limits.ts';
import type { Job, WorkerSetup } from './messages.ts';

/** A thread that reads: calls, estimates, witnesses and traces, over a database handle of its own. */
export async function openCallThread(setup: WorkerSetup, engine: ExecutionEngine) {
  const { member, members, lane: others } = setup;
  const store = await openBlockStore(setup.dataDir, undefined, bucketsOf(member, members));
  const lane = others && members > 1 ? connectMembers({ member, ...others }, {}) : undefined;
  return answerJobs({ engine, spec: setup.spec }, store, lane);
}

/** One job at a time. */
export function answerJobs(
  { engine, spec }: { engine: ExecutionEngine; spec: ChainSpec },
  store: BlockStore,
  lane: LaneReads | undefined,
) {
  const ancestors = readAncestors(store);
  const remote = lane && new RemoteValues(lane, laneReadLimits);
  let tracing: Promise<Tracing> | undefined;

  /** Runs on the whole state after the block, as often as it finds out what of it is elsewhere. `keys`: what it is known to read. */
  async function onState<T>(
    header: Header,
    keys: readonly MissingKey[],
    run: (source: TraceSource) => Promise<T>,
  ): Promise<T> {
    const own = store.stateAt(header.number as Height);
    if (remote === undefined) return run({ state: own, fetch: async () => undefined, guessed: () => [] });
    const state = remote.open({ height: header.number as Height, hash: headerHash(header) }, own);
    await state.fetch(keys);
    const source: TraceSource = { state, fetch: (wanted) => state.fetch(wanted), guessed: () => state.guessed() };
    for (let round = 0; round < laneReadLimits.callRoundsMax; round++) {
      state.begin();
      try {
        return await run(source);
      } catch (error) {
        if (!(error instanceof MissingState)) throw error;
        await state.fetch(error.keys);
      }
    }
    const text = `the call reads of other members more than ${laneReadLimits.callRoundsMax} times, each time by what it read before`;
    throw new ChainError({ code: 'LIMIT', message: text, retryAfterMs: 0 });
  }

  async function runAt<T>(
    height: Height,
    message: CallMessage,
    run: (input: CallInput, source: TraceSource) => Promise<T>,
  ): Promise<T> {
    store.refresh();
    const [header, ...before] = ancestors.upTo(height);
    const input: CallInput = { header: header!, ancestors: before, message };
    return onState(header!, keysOf(message), (source) => run({ ...input, guessed: source.guessed }, source));
  }

  // Most threads never trace.
  function openTracer(): Promise<Tracing> {
    tracing ??= import('../domain/tracing/tracing.ts').then(({ openTracing }) => openTracing(spec, traceLimits));
    return tracing;
  }

  async function traceBlock({ height, index, options }: Extract<Job, { type: 'trace-block' }>) {
    store.refresh();
    const record = blockOf(store, height);
    const lowest = store.oldestState() + 1n;
    if (height < lowest) {
      const message = `block ${height} cannot be traced: the state before it is not kept; the lowest block that can be is ${lowest}`;
      throw new ChainError({ code: 'NOT_FOUND', message });
    }
    const { header, transactions } = decodeBlock(record.rlp);
    if (index !== undefined && index >= transactions.length) {
      const message = `block ${height} has ${transactions.length} transactions, none at ${index}`;
      throw new ChainError({ code: 'NOT_FOUND', message });
    }
    const before = ancestors.upTo(height - 1n);
    const tracer = await openTracer();
    const budget = tracer.budget(options);
    const input = { header, transactions, receipts: record.receipts, ancestors: before, only: index, options };
    const keys = remote === undefined ? [] : keysRead(store, height);
    return onState(before[0]!, keys, (source) => tracer.block(input, source, budget));
  }

  async function traceCall({ height, message, options }: Extract<Job, { type: 'trace-call' }>) {
    const tracer = await openTracer();
    const budget = tracer.budget(options);
    return runAt(height, message, async (input, source) => {
      const expected = await engine.call(input, source.state);
      return tracer.call({ ...input, options }, source, expected, budget);
    });
  }

  return async (job: Job): Promise<unknown> => {
    switch (job.type) {
      case 'execute':
        throw new Error('assertion failed: a call thread executes no blocks');
      case 'call':
        return runAt(job.height, job.message, (input, { state }) => engine.call(input, state));
      case 'estimate':
        return runAt(job.height, job.message, (input, { state }) => engine.estimateGas(input, state));
      case 'witness':
        return makeWitness(job.height, store, lane);
      case 'witness-part':
        return makeWitnessPart(job.height, job.codeHashes, store);
      case 'snapshot-part':
        store.refresh();
        return encodeAnswer(answerSnapshot(store.stateAt(job.height), decodeWant(job.want)));
      case 'trace-block':
        return traceBlock(job);
      case 'trace-call':
        return traceCall(job);
    }
  };
}

/** @throws ChainError `NOT_FOUND` before the first block that is here, `DATA_LOSS` */
function blockOf(store: BlockStore, height: Height): BlockRecord {
  const stored = store.block(height);
  if (stored !== undefined) return blockFromWire(executionV1.Block.decode(stored), 'block');
  const isBefore = height < store.firstBlock();
  const message = isBefore
    ? `block ${height} is not here: the first after genesis is ${store.firstBlock()}`
    : `block ${height} is missing`;
  throw new ChainError({ code: isBefore ? 'NOT_FOUND' : 'DATA_LOSS', message });
}

/** What the block read: known to the first member of a lane, as long as the state before the block is kept. */
function keysRead(store: BlockStore, height: Height): MissingKey[] {
  const accounts = store.reads(height)?.accessList.accounts ?? [];
  return accounts.flatMap(({ address: bytes, reads, change }) => {
    const address = toAddress(bytes);
    const slots = [...reads, ...(change?.slots.map(({ slot }) => slot) ?? [])].map((slot) => toHash32(slot));
    return [{ kind: 'account', address } as const, ...slots.map((slot) => ({ kind: 'slot', address, slot }) as const)];
  });
}

/** What a call reads whatever it does, or says that it will; as much of that as one request may have. */
function keysOf({ from, to, overrides, accessList }: CallMessage): MissingKey[] {
  const keys: MissingKey[] = [{ kind: 'account', address: from }];
  if (to !== undefined) keys.push({ kind: 'account', address: to });
  for (const { address, slots } of overrides) {
    keys.push({ kind: 'account', address });
    for (const { slot } of slots) keys.push({ kind: 'slot', address, slot });
  }
  for (const { address, storageKeys } of accessList) {
    keys.push({ kind: 'account', address });
    for (const slot of storageKeys) keys.push({ kind: 'slot', address, slot });
  }
  return keys.slice(0, laneReadLimits.slotsMax);
}
