import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appsDirectory, natsUrl } from '../config.ts';
import { runDemo, type DemoResult } from '../demo/demo.ts';
import { startDevnet, type Devnet } from '../devnet/devnet.ts';
import { allPorts, type LaneShape } from '../devnet/lanes.ts';
import { pathLayout } from '../devnet/layout.ts';
import { findFreePortBase } from '../devnet/ports.ts';
import { CliError, messageOf } from '../errors.ts';
import { onStopRequest } from '../front.ts';
import { formatSeconds, formatTable } from '../table.ts';

const firstPortBase = 18_545;
const lastPortBase = 28_545;
const workload = { senders: 20, transfers: 1_000, timeoutMs: 180_000 };

/** Runs the demo on a fresh devnet of its own; resolves with exit code 0 only if everything held. Nothing runs afterwards. */
export async function demoCommand(options: { portBase?: number; dataDir?: string } & LaneShape): Promise<number> {
  const startedMs = performance.now();
  const progress = (sentence: string): void =>
    console.log(`[${formatSeconds(performance.now() - startedMs).padStart(5)} s] ${sentence}`);
  const { partitions, lanes } = options;
  const portBase =
    options.portBase ??
    (await findFreePortBase(firstPortBase, lastPortBase, (base) => allPorts(base, { partitions, lanes })));
  const temporary = options.dataDir === undefined;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'sheaf-demo-'));
  const stopping = new AbortController();
  let devnet: Devnet | undefined;
  const endWatch = onStopRequest(
    () => {
      progress('stopping');
      stopping.abort(new CliError('stopped before the end'));
    },
    () => {
      devnet?.kill();
      process.exit(130);
    },
  );
  let succeeded = false;
  try {
    progress(`starting a devnet in ${dataDir}, JSON-RPC on port ${portBase}`);
    devnet = await startDevnet(
      { dataDir, portBase, partitions, lanes, fresh: true, natsUrl: natsUrl(), appsDir: appsDirectory() },
      { report: progress, signal: stopping.signal },
    );
    progress('ready');
    const result = await abortable(
      runDemo(workload, { devnet, chainSpecFile: pathLayout(dataDir).chainSpec, progress }),
      stopping.signal,
    );
    const totalMs = performance.now() - startedMs;
    progress('stopping the devnet');
    await devnet.stop();
    console.log(`\n${describe(result, options, totalMs)}\n`);
    succeeded = holds(result);
  } catch (error) {
    console.error(`sheaf: the demo failed: ${messageOf(error)}`);
  } finally {
    await devnet?.stop();
    endWatch();
    if (temporary && succeeded) rmSync(dataDir, { recursive: true, force: true });
    else if (!succeeded) console.error(`sheaf: data and logs are kept in ${dataDir}`);
  }
  return succeeded ? 0 : 1;
}

/** Everything else that must hold has thrown. */
function holds({ oracle, killed }: DemoResult): boolean {
  return oracle.difference === undefined && killed.every(({ restarts }) => restarts >= 1);
}

function describe(result: DemoResult, { partitions, lanes }: LaneShape, totalMs: number): string {
  const { oracle, lags } = result;
  return formatTable([
    [
      'transactions',
      `${result.transactions} (${workload.transfers} transfers from ${workload.senders} senders), every receipt a success`,
    ],
    ['blocks', String(result.blocks)],
    ['seconds', `${formatSeconds(result.transfersMs)} for the transfers, ${formatSeconds(totalMs)} in all`],
    ['transfers a second', (workload.transfers / (result.transfersMs / 1000)).toFixed(0)],
    ['latest - safe, at most', String(lags.safe)],
    ['latest - finalized, at most', String(lags.finalized)],
    ['execution', `partitions: ${partitions}, lanes: ${lanes}; each member a process`],
    ['killed with kill -9', result.killed.map(({ title }) => title).join('; then ')],
    ['restarts', String(result.restarts)],
    ['balances', 'as computed from the transfers'],
    ['comparison with @ethereumjs/vm', oracle.difference ?? `all ${oracle.compared} header hashes equal`],
  ]);
}

/** The outcome of `work`, or the reason of `signal` as soon as it is aborted. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work.then(resolve, reject);
  });
}
