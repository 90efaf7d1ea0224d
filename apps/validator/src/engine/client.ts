import { decodeHeader, encodeHeader, headerHash } from '@sheaf/ethereum';
import { ChainError } from '@sheaf/primitives';
import { formatChainSpec, type ChainSpec } from '@sheaf/protocol';
import { Worker } from 'node:worker_threads';
import type { BlockEngine } from '../ports.ts';
import {
  pack,
  type EngineAnswer,
  type EngineJob,
  type EngineRequest,
  type EngineResponse,
  type EngineWorkerData,
} from './messages.ts';

/** Jobs under way or waiting: a batch and a block, and some room. */
const jobsMax = 16;
/**
 * Young generation in MiB. V8's default lets garbage grow to 48 MiB in every thread before it looks; blocks are small.
 */
const youngGenerationMax = 6;
const oldGenerationMax = 384;

/** The engine in a thread of its own. */
export interface EngineWorker extends BlockEngine {
  /** Ends the thread; what is pending rejects with `UNAVAILABLE`. */
  close(): Promise<void>;
}

/**
 * Starts the worker. `onEnd` is called when it ends by itself: then every job fails with `UNAVAILABLE` and its owner should end too.
 */
export function createEngineWorker(
  options: { workerFile: string; spec: ChainSpec; warmPointEvaluation: boolean },
  onEnd: (error: Error) => void,
): EngineWorker {
  const { workerFile, spec, warmPointEvaluation } = options;
  const workerData: EngineWorkerData = { kind: 'engine', spec: formatChainSpec(spec), warmPointEvaluation };
  const resourceLimits = { maxYoungGenerationSizeMb: youngGenerationMax, maxOldGenerationSizeMb: oldGenerationMax };
  const worker = new Worker(workerFile, { workerData, name: 'engine', resourceLimits });
  const pending = new Map<number, { resolve(answer: EngineAnswer): void; reject(error: Error): void }>();
  let lastId = 0;
  let ended: ChainError | undefined;

  const end = (message: string, cause?: unknown) => {
    if (ended) return;
    ended = new ChainError({ code: 'UNAVAILABLE', message }, { cause });
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
  };
  const endByItself = (message: string, cause?: unknown) => {
    if (ended) return;
    end(message, cause);
    onEnd(ended!);
  };
  worker.on('message', ({ id, answer }: EngineResponse) => {
    const job = pending.get(id);
    pending.delete(id);
    job?.resolve(answer);
  });
  worker.on('error', (error) => endByItself(`engine worker failed: ${error.message}`, error));
  worker.on('exit', (code) => endByItself(`engine worker ended with exit code ${code}`));

  async function ask(job: EngineJob, transfer: ArrayBuffer[] = []): Promise<EngineAnswer> {
    if (ended) throw ended;
    if (pending.size >= jobsMax)
      throw new ChainError({ code: 'LIMIT', message: 'engine worker queue is full', retryAfterMs: 100 });
    const request: EngineRequest = { id: ++lastId, job };
    const answer = await new Promise<EngineAnswer>((resolve, reject) => {
      pending.set(request.id, { resolve, reject });
      worker.postMessage(request, transfer);
    });
    // Nothing the engine fails on is a peer's absence: what was served cannot be executed.
    if (answer.kind === 'failed') throw new ChainError({ code: 'DATA_LOSS', message: answer.message });
    return answer;
  }

  async function askHeader(job: EngineJob, transfer: ArrayBuffer[] = []) {
    const answer = await ask(job, transfer);
    if (answer.kind !== 'header') throw new Error('the engine worker answered another question');
    const header = decodeHeader(answer.header);
    return { header, hash: headerHash(header) };
  }

  return {
    genesis: () => askHeader({ op: 'genesis' }),
    async unpack(blobs) {
      const packed = pack(blobs);
      const answer = await ask({ op: 'unpack', blobs: packed }, [packed.bytes.buffer]);
      if (answer.kind !== 'references') throw new Error('the engine worker answered another question');
      return answer.references;
    },
    execute({ payload, payloadHash, parent, witness }) {
      const transactions = pack(payload.transactions);
      const headers = pack(witness.headers);
      const state = Uint8Array.from(witness.state);
      const job: EngineJob = {
        op: 'execute',
        payload: { ...payload, transactions },
        payloadHash,
        parent: encodeHeader(parent),
        headers,
        state,
      };
      return askHeader(job, [transactions.bytes.buffer, headers.bytes.buffer, state.buffer]);
    },
    async close() {
      end('engine worker is closed');
      await worker.terminate();
    },
  };
}
