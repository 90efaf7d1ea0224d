import { Worker } from 'node:worker_threads';
import type { Source } from './sources.ts';
import type { FileReport } from './run-file.ts';
import type { FileTask, WorkerMessage, WorkerSetting } from './worker.ts';

/** A case that has not ended by then never will: a loop that the engine does not meter. */
const caseMsMax = 300_000;

export interface PoolEvents {
  /** A file is done. */
  onReport(file: string, report: FileReport): void;
  /** A case begins. */
  onCase(): void;
}

/**
 * Runs the sources on `jobs` worker threads; a file is read when a worker is free for it. A worker that dies or hangs
 * fails the file that it had, by the name of the case, and another takes its place.
 * @param program the bundle whose worker threads call `serveWorker`
 */
export async function runPool(
  sources: AsyncIterable<Source>,
  program: string,
  jobs: number,
  setting: WorkerSetting,
  events: PoolEvents,
): Promise<void> {
  const iterator = sources[Symbol.asyncIterator]();
  let reading: Promise<unknown> = Promise.resolve();
  // One reader at a time: an archive is a single stream.
  const next = (): Promise<Source | undefined> => {
    const result = reading.then(() => iterator.next()).then(({ done, value }) => (done === true ? undefined : value));
    reading = result.catch(() => undefined);
    return result;
  };
  const lane = async () => {
    const runner = new FileRunner(program, setting, events);
    try {
      for (let source = await next(); source !== undefined; source = await next()) {
        const report =
          'fault' in source
            ? { passed: 0, failures: [{ case: '', lines: [source.fault] }], skipped: {} }
            : await runner.run(source);
        events.onReport(source.name, report);
      }
    } finally {
      await runner.close();
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
}

class FileRunner {
  readonly #program: string;
  readonly #setting: WorkerSetting;
  readonly #events: PoolEvents;
  #worker: Worker | undefined;

  constructor(program: string, setting: WorkerSetting, events: PoolEvents) {
    this.#program = program;
    this.#setting = setting;
    this.#events = events;
  }

  async run(file: { name: string; bytes: Uint8Array }): Promise<FileReport> {
    const worker = (this.#worker ??= new Worker(this.#program, { workerData: this.#setting }));
    let current = '';
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<FileReport>((resolve, reject) => {
        const watch = () => {
          clearTimeout(timer);
          timer = setTimeout(() => reject(new Error(`no end after ${caseMsMax / 1000} s`)), caseMsMax);
        };
        worker.on('message', (message: WorkerMessage) => {
          watch();
          if (message.kind === 'report') return resolve(message.report);
          current = message.name;
          this.#events.onCase();
        });
        worker.on('error', reject);
        worker.on('exit', (code) => reject(new Error(`the worker ended with code ${code}`)));
        watch();
        const task: FileTask = { name: file.name, bytes: file.bytes };
        worker.postMessage(task, [file.bytes.buffer as ArrayBuffer]);
      });
    } catch (error) {
      this.#worker = undefined;
      await worker.terminate();
      const lines = [`${(error as Error).message}; the rest of the file was not run`];
      return { passed: 0, failures: [{ case: current, lines }], skipped: {} };
    } finally {
      clearTimeout(timer);
      for (const event of ['message', 'error', 'exit'] as const) worker.removeAllListeners(event);
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
