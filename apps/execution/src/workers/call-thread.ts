import type { Height } from '@sheaf/primitives';
import type { CallInput } from '@sheaf/state-transition';
import { openBlockStore } from '../adapters/block-store.ts';
import { readAncestors } from '../domain/execute-next.ts';
import { makeWitness } from '../domain/make-witness.ts';
import type { ExecutionEngine } from '../ports.ts';
import type { Job, WorkerSetup } from './messages.ts';

/** A thread that reads: calls, estimates and witnesses, over a database handle of its own. */
export async function openCallThread({ dataDir }: WorkerSetup, engine: ExecutionEngine) {
  const store = await openBlockStore(dataDir);
  const ancestors = readAncestors(store);
  const at = (height: Height) => {
    store.refresh();
    const [header, ...before] = ancestors.upTo(height);
    return { header: header!, ancestors: before };
  };
  return async (job: Job): Promise<unknown> => {
    switch (job.type) {
      case 'execute':
        throw new Error('assertion failed: a call thread executes no blocks');
      case 'call':
        return engine.call({ ...at(job.height), message: job.message } satisfies CallInput, store.stateAt(job.height));
      case 'estimate':
        return engine.estimateGas({ ...at(job.height), message: job.message }, store.stateAt(job.height));
      case 'witness':
        return makeWitness(job.height, store);
    }
  };
}
