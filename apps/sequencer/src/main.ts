import { serveCryptoWorker } from '@sheaf/crypto';
import { runService } from '@sheaf/service';
import { isMainThread } from 'node:worker_threads';
import { sequencer } from './service.ts';

// One bundle is both: the service, and the crypto workers that it starts from its own file.
if (isMainThread) void runService(sequencer);
else serveCryptoWorker();
