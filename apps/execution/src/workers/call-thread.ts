import { MissingState, type MissingKey } from '@sheaf/evm';
import { headerHash } from '@sheaf/ethereum';
import { bucketsOf } from '@sheaf/partition';
import { ChainError, type Height } from '@sheaf/primitives';
import { answerSnapshot, decodeWant, encodeAnswer, type StateReader } from '@sheaf/state';
import type { CallInput, CallMessage } from '@sheaf/state-transition';
import { openBlockStore } from '../adapters/block-store.ts';
import { connectMembers } from '../adapters/remote-members.ts';
import { readAncestors } from '../domain/execute-next.ts';
import { makeWitness, makeWitnessPart } from '../domain/make-witness.ts';
import { RemoteValues } from '../domain/remote-state.ts';
import { laneReadLimits } from '../lane-limits.ts';
import type { LaneReads } from '../lane-ports.ts';
import type { BlockStore, ExecutionEngine } from '../ports.ts';
import type { Job, WorkerSetup } from './messages.ts';

/** A thread that reads: calls, estimates and witnesses, over a database handle of its own. */
export async function openCallThread(setup: WorkerSetup, engine: ExecutionEngine) {
  const { member, members, lane: others } = setup;
  const store = await openBlockStore(setup.dataDir, undefined, bucketsOf(member, members));
  const lane = others && members > 1 ? connectMembers({ member, ...others }, {}) : undefined;
  return answerJobs(engine, store, lane);
}

/** One job at a time. */
export function answerJobs(engine: ExecutionEngine, store: BlockStore, lane: LaneReads | undefined) {
  const ancestors = readAncestors(store);
  const remote = lane && new RemoteValues(lane, laneReadLimits);

  async function runAt<T>(
    height: Height,
    message: CallMessage,
    run: (input: CallInput, state: StateReader) => Promise<T>,
  ): Promise<T> {
    store.refresh();
    const [header, ...before] = ancestors.upTo(height);
    const input: CallInput = { header: header!, ancestors: before, message };
    const own = store.stateAt(height);
    if (remote === undefined) return run(input, own);
    const state = remote.open({ height, hash: headerHash(header!) }, own);
    await state.fetch(keysOf(message));
    for (let round = 0; round < laneReadLimits.callRoundsMax; round++) {
      state.begin();
      try {
        return await run({ ...input, guessed: () => state.guessed() }, state);
      } catch (error) {
        if (!(error instanceof MissingState)) throw error;
        await state.fetch(error.keys);
      }
    }
    const text = `the call reads of other members more than ${laneReadLimits.callRoundsMax} times, each time by what it read before`;
    throw new ChainError({ code: 'LIMIT', message: text, retryAfterMs: 0 });
  }

  return async (job: Job): Promise<unknown> => {
    switch (job.type) {
      case 'execute':
        throw new Error('assertion failed: a call thread executes no blocks');
      case 'call':
        return runAt(job.height, job.message, (input, state) => engine.call(input, state));
      case 'estimate':
        return runAt(job.height, job.message, (input, state) => engine.estimateGas(input, state));
      case 'witness':
        return makeWitness(job.height, store, lane);
      case 'witness-part':
        return makeWitnessPart(job.height, job.codeHashes, store);
      case 'snapshot-part':
        store.refresh();
        return encodeAnswer(answerSnapshot(store.stateAt(job.height), decodeWant(job.want)));
    }
  };
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
