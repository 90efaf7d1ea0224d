import { assert, type Height } from '@sheaf/primitives';
import { createEngine, type CallInput } from '@sheaf/state-transition';
import { parentPort, workerData } from 'node:worker_threads';
import { openBlockStore, openBlockWriter } from '../adapters/block-store.ts';
import { executeNext, readAncestors } from '../domain/execute-next.ts';
import { makeWitness } from '../domain/make-witness.ts';
import type { Executed, ExecutionEngine } from '../ports.ts';
import { toFailure, type Answer, type Hello, type Job, type WorkerSetup } from './messages.ts';

/** The worker side: one job at a time, over a database handle and an engine of its own. */
export function serveWorker(): void {
  const setup = workerData as WorkerSetup;
  const port = parentPort;
  assert(setup.kind === 'execution' && port !== null, 'a thread of this bundle is started by this bundle');
  openWorker(setup).then(
    (run) => {
      port.on('message', (job: Job) => {
        run(job).then(
          (value) => port.postMessage({ ok: true, value } satisfies Answer),
          (error: unknown) => port.postMessage({ ok: false, failure: toFailure(error) } satisfies Answer),
        );
      });
      port.postMessage({ ready: true } satisfies Hello);
    },
    (error: unknown) => port.postMessage({ ready: false, failure: toFailure(error) } satisfies Hello),
  );
}

async function openWorker(setup: WorkerSetup): Promise<(job: Job) => Promise<unknown>> {
  const engine = createEngine(setup.spec);
  const run = setup.commits ? openBlockThread(setup, engine) : await openCallThread(setup, engine);
  await engine.warmUp({ pointEvaluation: setup.warmPointEvaluation });
  return run;
}

/** The one thread that commits: between blocks it maintains the store, a step at a time. */
function openBlockThread({ dataDir, stateHeightsKept, stateCacheMib }: WorkerSetup, engine: ExecutionEngine) {
  const store = openBlockWriter(dataDir, {
    heightsKept: stateHeightsKept,
    branchBytesCachedMax: stateCacheMib * 2 ** 20,
  });
  const ancestors = readAncestors(store);
  let maintenanceFault: string | undefined;
  let scheduled = false;
  const maintain = (): void => {
    scheduled = false;
    try {
      if (store.maintain()) schedule();
      maintenanceFault = undefined;
    } catch (error) {
      // A full disk: it is tried again after the next block, and told with it.
      maintenanceFault = error instanceof Error ? error.message : String(error);
    }
  };
  // A message that waits comes first.
  const schedule = (): void => {
    if (!scheduled) setImmediate(maintain);
    scheduled = true;
  };
  return async (job: Job): Promise<Executed> => {
    assert(job.type === 'execute', 'the block thread executes blocks');
    const executed = await executeNext(job.payload, job.published, { engine, store, ancestors });
    schedule();
    return { ...executed, state: { ...store.stats(), maintenanceFault } };
  };
}

async function openCallThread({ dataDir }: WorkerSetup, engine: ExecutionEngine) {
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
