// What an app's main file does in a worker thread; the test bundles it.
import { workerData } from 'node:worker_threads';
import { isCryptoWorker, serveCryptoWorker } from '../src/index.ts';

if (isCryptoWorker(workerData)) serveCryptoWorker();
