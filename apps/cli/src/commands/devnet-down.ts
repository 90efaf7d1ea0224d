import { isHeld, readLock, untilGone } from '../devnet/data-dir.ts';
import { pathLayout } from '../devnet/layout.ts';
import { CliError } from '../errors.ts';

/** The longest orderly stop: four stages of services and two servers, each with its grace. */
const stopMsMax = 60_000;

/** Stops the devnet that holds the data directory; resolves when nothing of it runs. @throws CliError when there is none or it stays */
export async function devnetDown(options: { dataDir: string }): Promise<void> {
  const holder = readLock(pathLayout(options.dataDir).lock);
  if (!holder || !isHeld(holder)) throw new CliError(`no devnet runs on ${options.dataDir}`);
  process.kill(holder.pid, 'SIGTERM');
  if (!(await untilGone(holder.pid, stopMsMax))) {
    throw new CliError(
      `the devnet (pid ${holder.pid}) did not stop in ${stopMsMax / 1000} s; end it with: kill -9 ${holder.pid}`,
    );
  }
  if (holder.watchdogPid !== undefined) await untilGone(holder.watchdogPid, 20_000);
  console.log(`stopped the devnet of ${options.dataDir}`);
}
