import { ChainError } from '@sheaf/primitives';
import { Worker } from 'node:worker_threads';
import { setEngineFlags, stackSizeMb } from './engine-flags.ts';
import { fromFailure, type Answer, type Hello, type Job, type WorkerSetup } from '../workers/messages.ts';

const retryAfterMs = 100;

export interface ThreadsOptions {
  /** Bundle that the threads start from. */
  workerFile: string;
  setup: WorkerSetup;
  count: number;
  /** Jobs that may wait for a thread. */
  queueMax: number;
}

export interface JobOptions {
  /** Longest run once a thread has taken it; the thread is then replaced. */
  runMsMax?: number | undefined;
  /** What the caller has left, waiting included. */
  deadlineMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Worker threads, each with one job at a time, and a bounded queue before them. */
export interface Threads {
  /**
   * @throws what the job throws; ChainError `LIMIT` when the queue is full, `DEADLINE` when the time is up,
   * `UNAVAILABLE` when the thread died
   */
  run(job: Job, options?: JobOptions): Promise<unknown>;
  close(): Promise<void>;
}

interface Pending {
  job: Job;
  runMsMax: number | undefined;
  timers: NodeJS.Timeout[];
  settle(outcome: { value: unknown } | { error: Error }): void;
  settled: boolean;
}

/** Resolves when every thread is open. @throws what keeps a thread from opening */
export async function startThreads(
  options: ThreadsOptions,
  deps: { onRestart(error: unknown): void },
): Promise<Threads> {
  const queue: Pending[] = [];
  const idle: Worker[] = [];
  const running = new Map<Worker, Pending>();
  const all = new Set<Worker>();
  let closed = false;

  setEngineFlags();

  async function openThread(): Promise<void> {
    const worker = new Worker(options.workerFile, {
      workerData: options.setup,
      resourceLimits: { stackSizeMb },
    });
    all.add(worker);
    await new Promise<void>((resolve, reject) => {
      worker.once('message', (hello: Hello) => (hello.ready ? resolve() : reject(fromFailure(hello.failure))));
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`a worker thread ended with code ${code}`)));
    });
    worker.on('message', (answer: Answer) => {
      const done = running.get(worker);
      running.delete(worker);
      done?.settle(answer.ok ? { value: answer.value } : { error: fromFailure(answer.failure) });
      idle.push(worker);
      next();
    });
    worker.on('error', (error) => lose(worker, error));
    worker.on('exit', (code) => lose(worker, new Error(`a worker thread ended with code ${code}`)));
    idle.push(worker);
    next();
  }

  /** The thread is gone: its job fails, and another one takes its place. */
  function lose(worker: Worker, cause: unknown): void {
    if (!all.delete(worker)) return;
    const at = idle.indexOf(worker);
    if (at >= 0) idle.splice(at, 1);
    const job = running.get(worker);
    running.delete(worker);
    job?.settle({ error: new ChainError({ code: 'UNAVAILABLE', message: 'the worker thread died' }, { cause }) });
    if (closed) return;
    deps.onRestart(cause);
    reopen();
  }

  function reopen(): void {
    openThread().catch((error: unknown) => {
      if (closed) return;
      deps.onRestart(error);
      setTimeout(reopen, 1_000).unref();
    });
  }

  function next(): void {
    while (idle.length > 0 && queue.length > 0) {
      const pending = queue.shift()!;
      if (pending.settled) continue;
      const worker = idle.shift()!;
      running.set(worker, pending);
      limit(pending, pending.runMsMax);
      worker.postMessage(pending.job);
    }
  }

  function limit(pending: Pending, ms: number | undefined): void {
    if (ms === undefined) return;
    pending.timers.push(setTimeout(() => abandon(pending, `took longer than ${ms} ms`), ms));
  }

  /** The caller has given up: what waits is forgotten, what runs is stopped with its thread. */
  function abandon(pending: Pending, message: string): void {
    if (pending.settled) return;
    pending.settle({ error: new ChainError({ code: 'DEADLINE', message }) });
    const at = queue.indexOf(pending);
    if (at >= 0) queue.splice(at, 1);
    for (const [worker, job] of running) {
      if (job !== pending) continue;
      lose(worker, new Error('a job was stopped'));
      void worker.terminate();
    }
  }

  await Promise.all(Array.from({ length: options.count }, openThread)).catch(async (error: unknown) => {
    closed = true;
    await Promise.all([...all].map((worker) => worker.terminate()));
    throw error;
  });

  return {
    run(job, { runMsMax, deadlineMs, signal } = {}) {
      if (closed) return Promise.reject(new ChainError({ code: 'UNAVAILABLE', message: 'the service is stopping' }));
      if (idle.length === 0 && queue.length >= options.queueMax) {
        const message = `${queue.length} jobs wait already`;
        return Promise.reject(new ChainError({ code: 'LIMIT', message, retryAfterMs }));
      }
      return new Promise((resolve, reject) => {
        const stop = () => abandon(pending, 'the caller has gone');
        const pending: Pending = {
          job,
          runMsMax,
          timers: [],
          settled: false,
          settle(outcome) {
            if (pending.settled) return;
            pending.settled = true;
            for (const timer of pending.timers) clearTimeout(timer);
            signal?.removeEventListener('abort', stop);
            if ('error' in outcome) reject(outcome.error);
            else resolve(outcome.value);
          },
        };
        signal?.addEventListener('abort', stop);
        queue.push(pending);
        limit(pending, deadlineMs);
        next();
        if (signal?.aborted) stop();
      });
    },
    async close() {
      closed = true;
      const stopping = new ChainError({ code: 'UNAVAILABLE', message: 'the service is stopping' });
      for (const pending of [...queue.splice(0), ...running.values()]) pending.settle({ error: stopping });
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}
