import { assert } from '@sheaf/primitives';
import { createEngine } from '@sheaf/state-transition';
import { parentPort, workerData } from 'node:worker_threads';
import { openBlockWriter } from '../adapters/block-store.ts';
import { youngCollector } from '../adapters/young-generation.ts';
import { executeNext, readAncestors } from '../domain/execute-next.ts';
import type { Executed, ExecutionEngine } from '../ports.ts';
import { openCallThread } from './call-thread.ts';
import { openLaneThread } from './lane-thread.ts';
import { startMaintenance } from './maintenance.ts';
import { toFailure, type Answer, type Hello, type Job, type WorkerSetup } from './messages.ts';

/** The worker side: one job at a time, over a database handle and an engine of its own. */
export function serveWorker(): void {
  const setup = workerData as WorkerSetup;
  const port = parentPort;
  assert(setup.kind === 'execution' && port !== null, 'a thread of this bundle is started by this bundle');
  if (setup.commits && setup.members > 1) {
    openLaneThread(setup, port).catch((error: unknown) => {
      port.postMessage({ ready: false, failure: toFailure(error) } satisfies Hello);
    });
    return;
  }
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
  const maintenance = startMaintenance({ store, collectYoung: youngCollector(), busy: () => false });
  return async (job: Job): Promise<Executed> => {
    assert(job.type === 'execute', 'the block thread executes blocks');
    const executed = await executeNext(job.payload, job.published, { engine, store, ancestors });
    maintenance.wake();
    return { ...executed, state: { ...store.stats(), maintenanceFault: maintenance.fault() } };
  };
}
