import { assert, ChainError, type Height } from '@sheaf/primitives';
import { createEngine, type CallInput } from '@sheaf/state-transition';
import { parentPort, workerData } from 'node:worker_threads';
import { openLmdbStore } from '../adapters/lmdb-store.ts';
import { executeNext, readAncestors } from '../domain/execute-next.ts';
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
  const { dataDir, witnessesKept, spec } = setup;
  const store = await openLmdbStore({ dataDir, witnessesKept });
  const engine = createEngine(spec);
  await engine.warmUp({ pointEvaluation: setup.warmPointEvaluation });
  const ancestors = readAncestors(store);
  const at = (height: Height) => {
    store.refresh();
    const [header, ...before] = ancestors.upTo(height);
    return { header: header!, ancestors: before };
  };
  return async (job) => {
    switch (job.type) {
      case 'execute':
        return executeNext(job.payload, { engine, store, ancestors });
      case 'call':
        return engine.call({ ...at(job.height), message: job.message } satisfies CallInput, store);
      case 'estimate':
        return engine.estimateGas({ ...at(job.height), message: job.message }, store);
      case 'witness': {
        const headers = at((job.height - 1n) as Height);
        const payload = store.payload(job.height);
        const header = store.header(job.height);
        if (payload === undefined || header === undefined) {
          throw new ChainError({ code: 'NOT_FOUND', message: `there is no block ${job.height}` });
        }
        const payloadHash = `0x${Buffer.from(header.extraData).toString('hex')}` as typeof header.parentHash;
        const chain = [headers.header, ...headers.ancestors];
        const result = await engine.executePayload(
          { payload, payloadHash, parent: headers.header, ancestors: chain },
          store,
        );
        return result.witness;
      }
    }
  };
}
