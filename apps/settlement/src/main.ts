import { isMainThread } from 'node:worker_threads';
import { serveCryptoWorker } from '@sheaf/crypto';
import { runService } from '@sheaf/service';
import { settlement } from './service.ts';

// One bundle is both the process and its worker threads.
if (isMainThread) void runService(settlement);
else serveCryptoWorker();
