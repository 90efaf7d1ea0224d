import { isMainThread, workerData } from 'node:worker_threads';
import { isCryptoWorker, serveCryptoWorker } from '@sheaf/crypto';

// One bundle is the process and its worker threads. Each loads only its own part: three heaps, not three times everything.
if (isMainThread) {
  void Promise.all([import('@sheaf/service'), import('./service.ts')]).then(([{ runService }, { validator }]) =>
    runService(validator),
  );
} else if (isCryptoWorker(workerData)) {
  serveCryptoWorker();
} else {
  void import('./engine/serve.ts').then(({ serveEngineWorker }) => serveEngineWorker());
}
