import { isMainThread } from 'node:worker_threads';
import { runService } from '@sheaf/service';
import { execution } from './service.ts';
import { serveWorker } from './workers/serve.ts';

// One bundle is both the process and its worker threads.
if (isMainThread) void runService(execution);
else serveWorker();
