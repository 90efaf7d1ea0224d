import { ChainError } from '@sheaf/primitives';
import { Worker } from 'node:worker_threads';
import { fromFailure, type Hello, type LaneOrder, type LaneWord, type WorkerSetup } from '../workers/messages.ts';
import { setEngineFlags, stackSizeMb } from './engine-flags.ts';

const reopenMs = 1_000;

/** The one thread of a lane's member that executes and commits. */
export interface LaneThread {
  /** Dropped while the thread is being replaced. */
  tell(order: LaneOrder, transfer?: ArrayBuffer[]): void;
  close(): Promise<void>;
}

export interface LaneThreadDependencies {
  onWord(word: LaneWord): void;
  /** The thread died, and whatever it was doing with it; another one takes its place. */
  onLost(cause: unknown): void;
  /** The other one is ready. */
  onReopened(): void;
}

/** Resolves when the thread is open. @throws what keeps it from opening */
export async function startLaneThread(
  options: { workerFile: string; setup: WorkerSetup },
  deps: LaneThreadDependencies,
): Promise<LaneThread> {
  setEngineFlags();
  let closed = false;
  let worker = await open();

  async function open(): Promise<Worker> {
    const opening = new Worker(options.workerFile, { workerData: options.setup, resourceLimits: { stackSizeMb } });
    await new Promise<void>((resolve, reject) => {
      opening.once('message', (hello: Hello) => (hello.ready ? resolve() : reject(fromFailure(hello.failure))));
      opening.once('error', reject);
      opening.once('exit', (code) => reject(new Error(`the lane's thread ended with code ${code}`)));
    });
    let lost = false;
    const lose = (cause: unknown) => {
      if (lost || closed) return;
      lost = true;
      deps.onLost(cause);
      reopen();
    };
    opening.on('message', (word: LaneWord) => deps.onWord(word));
    opening.on('error', lose);
    opening.on('exit', (code) => lose(new Error(`the lane's thread ended with code ${code}`)));
    return opening;
  }

  function reopen(): void {
    open().then(
      (opened) => {
        worker = opened;
        deps.onReopened();
      },
      (error: unknown) => {
        if (closed) return;
        deps.onLost(error);
        setTimeout(reopen, reopenMs).unref();
      },
    );
  }

  return {
    tell(order, transfer = []) {
      if (closed) throw new ChainError({ code: 'UNAVAILABLE', message: 'the service is stopping' });
      worker.postMessage(order, transfer);
    },
    async close() {
      closed = true;
      await worker.terminate();
    },
  };
}
