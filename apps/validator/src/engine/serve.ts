import { decodeHeader, encodeHeader, headerHash, type Header } from '@sheaf/ethereum';
import { ChainError, toHash32 } from '@sheaf/primitives';
import { parseChainSpec, payloadHash, unpackPayloads } from '@sheaf/protocol';
import { decodeWitness, WitnessState } from '@sheaf/state';
import { createEngine, genesis, type ExecutionEngine } from '@sheaf/state-transition';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { requireRight } from '../domain/fault.ts';
import {
  isEngineWorker,
  unpack,
  type EngineAnswer,
  type EngineJob,
  type EngineRequest,
  type EngineResponse,
} from './messages.ts';

/** The worker's side: answers jobs one after another until the thread is ended. */
export function serveEngineWorker(): void {
  const port = parentPort;
  if (isMainThread || !port || !isEngineWorker(workerData)) throw new Error('this thread is no engine worker');
  const spec = parseChainSpec(workerData.spec);
  const engine = createEngine(spec);
  let queue: Promise<void> = engine.warmUp({ pointEvaluation: workerData.warmPointEvaluation });
  const answer = async ({ id, job }: EngineRequest): Promise<void> => {
    const response: EngineResponse = { id, answer: await run(job).catch(failed) };
    port.postMessage(response);
  };
  const run = async (job: EngineJob): Promise<EngineAnswer> => {
    switch (job.op) {
      case 'genesis':
        return { kind: 'header', header: encodeHeader((await genesis(spec)).header) };
      case 'unpack':
        return { kind: 'references', references: references(unpack(job.blobs)) };
      case 'execute':
        return { kind: 'header', header: await execute(engine, job) };
    }
  };
  port.on('message', (request: EngineRequest) => {
    // The engine holds the state of one block at a time.
    queue = queue.then(() => answer(request));
  });
}

function references(blobs: Uint8Array[]) {
  return unpackPayloads(blobs).map((payload) => ({
    height: payload.height,
    hash: payloadHash(payload),
    parentHash: payload.parentHash,
  }));
}

async function execute(engine: ExecutionEngine, job: Extract<EngineJob, { op: 'execute' }>): Promise<Uint8Array> {
  const parent = decodeHeader(job.parent);
  const payload = { ...job.payload, transactions: unpack(job.payload.transactions) };
  const ancestors = unpack(job.headers).map((header) => decodeHeader(header));
  checkAncestors(parent, ancestors);
  const state = new WitnessState(decodeWitness(job.state), parent.stateRoot);
  // No senders are passed: they are recovered here.
  const result = await engine.executePayload(
    { payload, payloadHash: toHash32(job.payloadHash), parent, ancestors },
    state,
  );
  return encodeHeader(result.block.header);
}

/** The witness's headers are the parent and its ancestors, without holes: so BLOCKHASH cannot be lied to. */
function checkAncestors(parent: Header, ancestors: Header[]): void {
  let expected = headerHash(parent);
  for (const header of ancestors) {
    requireRight(
      headerHash(header) === expected,
      () => `the witness has another header ${header.number} than the chain`,
    );
    expected = header.parentHash;
  }
  requireRight(ancestors.length > 0, () => 'the witness lacks the parent header');
}

function failed(error: unknown): EngineAnswer {
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'failed', code: error instanceof ChainError ? error.code : 'unexpected', message };
}
