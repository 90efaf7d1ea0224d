// A worker thread: runs one file after the other, as the pool hands them over.
import { parentPort, workerData } from 'node:worker_threads';
import { warmPrecompiles } from '@sheaf/evm';
import type { Options } from './arguments.ts';
import { createOracle } from './oracle-executor.ts';
import { runFile, type FileReport } from './run-file.ts';
import { SheafExecutor } from './sheaf-executor.ts';

/** What a worker is told. */
export interface FileTask {
  name: string;
  bytes: Uint8Array;
}

/** What it says. */
export type WorkerMessage = { kind: 'case'; name: string } | { kind: 'report'; report: FileReport };

export type WorkerSetting = Pick<Options, 'engines' | 'fork' | 'filter' | 'oracle'>;

/** Serves the pool until it is terminated. */
export function serveWorker(): void {
  const setting = workerData as WorkerSetting;
  const executors = {
    sheaf: setting.engines.map((mode) => new SheafExecutor(mode)),
    oracle: setting.oracle ? createOracle() : undefined,
  };
  const say = (message: WorkerMessage) => parentPort!.postMessage(message);
  const warmed = warmPrecompiles({ pointEvaluation: false });
  parentPort!.on('message', (task: FileTask) => {
    // What it throws is a fault of the runner: the worker ends with it, and the pool tells.
    void warmed
      .then(() => runFile(task, setting, executors, (name) => say({ kind: 'case', name })))
      .then((report) => say({ kind: 'report', report }));
  });
}
