import { readHeights } from '../devnet/metrics.ts';
import { memoryOfTrees } from '../devnet/process-table.ts';
import { findRunning, headsLine } from '../devnet/running.ts';
import { formatMebibytes, formatTable } from '../table.ts';

/** Prints what runs on the data directory. @throws CliError when nothing does */
export async function devnetStatus(options: { dataDir: string; json: boolean }): Promise<void> {
  const running = await findRunning(options.dataDir);
  const { pid, rpcUrl, state, heads } = running;
  const memory = memoryOfTrees(state.processes.flatMap((process) => process.pid ?? []));
  const processes = await Promise.all(
    state.processes.map(async ({ adminPort, ...process }) => ({
      ...process,
      memoryBytes: process.pid === null ? 0 : (memory.get(process.pid) ?? process.memoryBytes),
      heights: adminPort === null ? {} : await readHeights(`http://127.0.0.1:${adminPort}/metrics`),
    })),
  );
  if (options.json) return void console.log(JSON.stringify({ pid, rpcUrl, heads: heads ?? null, processes }, null, 2));
  console.log(headsLine(running));
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
