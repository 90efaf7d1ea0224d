import { isHeld, readLock } from '../devnet/data-dir.ts';
import { readHeads } from '../devnet/heads.ts';
import { pathLayout, portLayout } from '../devnet/layout.ts';
import { readHeights } from '../devnet/metrics.ts';
import { memoryOfTrees } from '../devnet/process-table.ts';
import { readState } from '../devnet/state-file.ts';
import { CliError } from '../errors.ts';
import { createJsonRpcClient } from '../json-rpc.ts';
import { formatMebibytes, formatTable } from '../table.ts';

/** Prints what runs on the data directory. @throws CliError when nothing does */
export async function devnetStatus(options: { dataDir: string; json: boolean }): Promise<void> {
  const paths = pathLayout(options.dataDir);
  const holder = readLock(paths.lock);
  if (!holder || !isHeld(holder)) throw new CliError(`no devnet runs on ${options.dataDir}`);
  const state = readState(paths.state);
  if (!state) throw new CliError('the devnet is starting: no status yet');

  const rpcUrl = `http://127.0.0.1:${portLayout(state.portBase).gateway}`;
  const heads = await readHeads(createJsonRpcClient({ url: rpcUrl, timeoutMs: 2_000 })).catch(() => undefined);
  const memory = memoryOfTrees(state.processes.map(({ pid }) => pid ?? 0));
  const processes = await Promise.all(
    state.processes.map(async ({ adminPort, ...process }) => ({
      ...process,
      memoryBytes: memory.get(process.pid ?? 0) ?? process.memoryBytes,
      heights: adminPort === null ? {} : await readHeights(`http://127.0.0.1:${adminPort}/metrics`),
    })),
  );
  if (options.json)
    return void console.log(JSON.stringify({ pid: holder.pid, rpcUrl, heads: heads ?? null, processes }, null, 2));
  console.log(
    `${rpcUrl}  ${heads ? `latest ${heads.latest}  safe ${heads.safe}  finalized ${heads.finalized}` : 'does not answer'}`,
  );
  const rows = processes.map(({ name, pid, ready, restarts, memoryBytes, heights }) => [
    name,
    String(pid ?? '-'),
    ready ? 'yes' : 'no',
    String(restarts),
    formatMebibytes(memoryBytes),
    Object.entries(heights)
      .map(([height, value]) => `${height} ${value}`)
      .join(', '),
  ]);
  console.log(
    formatTable(rows, { head: ['process', 'pid', 'ready', 'restarts', 'memory', 'heights'], right: [1, 3, 4] }),
  );
}
