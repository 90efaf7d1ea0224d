// `npm run conformance`: the command in the main thread, the runner of files in the others.
import { isMainThread } from 'node:worker_threads';
import { run } from './run.ts';
import { serveWorker } from './worker.ts';

if (isMainThread) {
  void run(process.argv.slice(2), __filename, {
    write: (text) => void process.stdout.write(text),
    writeProgress: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY === true,
  }).then((code) => {
    process.exitCode = code;
  });
} else {
  serveWorker();
}
