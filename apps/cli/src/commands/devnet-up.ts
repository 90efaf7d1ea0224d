import { setTimeout as pause } from 'node:timers/promises';
import { sequencerV1 } from '@sheaf/proto';
import { bytesToHex } from '@sheaf/primitives';
import { createRpcClient } from '@sheaf/rpc';
import { startDevnet, type Devnet } from '../devnet/devnet.ts';
import { watchChain } from '../devnet/heads.ts';
import type { LaneShape } from '../devnet/lanes.ts';
import { pathLayout } from '../devnet/layout.ts';
import { memoryOfTrees } from '../devnet/process-table.ts';
import { observeProcesses, writeState } from '../devnet/state-file.ts';
import { createLiveLine, statusLine, type LiveLine } from '../devnet/status-line.ts';
import { appsDirectory, natsUrl } from '../config.ts';
import { frontPid, onStopRequest } from '../front.ts';
import { formatSeconds, formatTable } from '../table.ts';

export interface DevnetUpOptions extends LaneShape {
  dataDir: string;
  portBase: number;
  fresh: boolean;
}

const observeEveryMs = 1_000;
/** Away from a terminal a line is a record: one in so many observations is printed. */
const printEveryObservations = 10;

/** Runs a devnet until it is asked to stop; resolves with the exit code when nothing runs any more. */
export async function devnetUp(options: DevnetUpOptions): Promise<number> {
  const startedMs = performance.now();
  const line = createLiveLine(process.stdout);
  const stopping = new AbortController();
  let devnet: Devnet | undefined;
  const endWatch = onStopRequest(
    () => {
      line.print('stopping (once more to force)');
      stopping.abort(new StopRequested());
    },
    () => {
      devnet?.kill();
      // Whatever is not ended yet is ended by the watchdog, which notices that this process is gone.
      process.exit(130);
    },
  );
  try {
    line.print('starting the devnet …');
    devnet = await startDevnet(
      { ...options, natsUrl: natsUrl(), appsDir: appsDirectory() },
      { report: (sentence) => line.print(sentence), signal: stopping.signal },
    );
    line.print(describe(devnet, options, performance.now() - startedMs));
    await showStatus(devnet, options, line, stopping.signal);
    line.end();
    await devnet.stop();
    line.print('stopped');
    return 0;
  } catch (error) {
    if (!(error instanceof StopRequested)) throw error;
    line.print('stopped');
    return 0;
  } finally {
    endWatch();
  }
}

class StopRequested extends Error {}

function describe(devnet: Devnet, options: DevnetUpOptions, elapsedMs: number): string {
  const { ports, chain } = devnet;
  const endpoints = formatTable([
    ['JSON-RPC', devnet.rpcUrl],
    ['WebSocket', `ws://127.0.0.1:${ports.gateway}`],
    ['sequencer gRPC', `127.0.0.1:${ports.sequencerGrpc}`],
    ['execution gRPC', describeExecution(devnet, options)],
    ['data-availability gRPC', `127.0.0.1:${ports.da0Grpc} 127.0.0.1:${ports.da1Grpc}`],
    ['settlement gRPC', `127.0.0.1:${ports.settlementGrpc}`],
    ['chain id', String(chain.spec.chainId)],
    ['data directory', options.dataDir],
  ]);
  const accounts = formatTable(
    chain.accounts.map(({ address, privateKey }, index) => [String(index), address, bytesToHex(privateKey)]),
    { head: ['#', 'account (10,000 ether each)', 'private key'], right: [0] },
  );
  return [
    '',
    endpoints,
    '',
    'Public test keys, known to everybody: never send anything of value to these accounts.',
    'mnemonic: test test test test test test test test test test test junk',
    accounts,
    '',
    `ready in ${formatSeconds(elapsedMs)} s; Ctrl-C stops it`,
    '',
  ].join('\n');
}

/** Where the coordinators listen, and how many members stand behind them. */
function describeExecution({ members }: Devnet, { partitions, lanes }: LaneShape): string {
  const coordinators = members.filter(({ partition }) => partition === 0);
  const addresses = coordinators.map(({ grpcPort }) => `127.0.0.1:${grpcPort}`).join(' ');
  if (members.length === 1) return addresses;
  return `${addresses} (partitions: ${partitions}, lanes: ${lanes}; sheaf status shows each)`;
}

async function showStatus(
  devnet: Devnet,
  options: DevnetUpOptions,
  line: LiveLine,
  signal: AbortSignal,
): Promise<void> {
  const sequencer = createRpcClient(
    sequencerV1.SequencerServiceService,
    { address: `127.0.0.1:${devnet.ports.sequencerGrpc}` },
    {},
  );
  const mempool = async (): Promise<number> =>
    Number((await sequencer.getStatus({}, { deadlineMs: 900, idempotent: false })).mempoolTransactions);
  const observeChain = watchChain({ rpcUrl: devnet.rpcUrl }, { mempool });
  const stateFile = pathLayout(options.dataDir).state;
  try {
    for (let observation = 0; !signal.aborted; observation++) {
      await devnet.probe();
      const view = await observeChain();
      const state = observeProcesses(options, devnet.processes);
      writeState(stateFile, state);
      const condition = {
        notReady: state.processes.filter(({ ready }) => !ready).map(({ name }) => name),
        restarts: state.processes.reduce((sum, { restarts }) => sum + restarts, 0),
        memoryBytes: totalMemory(),
      };
      if (signal.aborted) return;
      if (process.stdout.isTTY || observation % printEveryObservations === 0) line.show(statusLine(view, condition));
      await pause(observeEveryMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    sequencer.close();
  }
}

/** Everything that belongs to the devnet: the command line with its front and all descendants. */
function totalMemory(): number {
  const root = frontPid() ?? process.pid;
  return memoryOfTrees([root]).get(root) ?? 0;
}
