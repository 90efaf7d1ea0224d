import { freePort, portTaken, waitFor } from '@sheaf/testing';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A whole chain to test against. */
export interface Devnet {
  rpcUrl: string;
  /** Process id of one of its services; `undefined` for a chain that was not started here. */
  pidOf: ((service: string) => Promise<number>) | undefined;
  stop(): Promise<void>;
}

const workspaceRoot = join(__dirname, '../../..');
const cli = join(workspaceRoot, 'dist/apps/cli/main.cjs');
/** The devnet's internal ports begin and end so far above its JSON-RPC port. */
const internalPorts = { first: 555, last: 572 };
const startMsMax = 120_000;
const stopMsMax = 30_000;

/** The chain at SHEAF_E2E_RPC_URL, or else a fresh devnet by the built CLI, on free ports and in a temporary directory. */
export async function openDevnet(): Promise<Devnet> {
  const rpcUrl = process.env['SHEAF_E2E_RPC_URL'];
  if (rpcUrl !== undefined) return { rpcUrl, pidOf: undefined, stop: () => Promise.resolve() };
  const dataDir = await mkdtemp(join(tmpdir(), 'sheaf-e2e-'));
  const portBase = await freePortBase();
  const child = startCli(dataDir, portBase);
  const stop = async (): Promise<void> => {
    await interrupt(child);
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await ready(child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { rpcUrl: `http://127.0.0.1:${portBase}`, pidOf: (service) => pidOf(dataDir, service), stop };
}

/** The environment without this test's own settings: services refuse what they do not know. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^SHEAF_(E2E|TEST)_/.test(name) && name !== 'NODE_OPTIONS'),
  );
}

function startCli(dataDir: string, portBase: number): ChildProcess {
  const args = [cli, 'devnet', 'up', '--data-dir', dataDir, '--port-base', String(portBase), '--fresh'];
  return spawn(process.execPath, args, { cwd: workspaceRoot, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ready(child: ChildProcess): Promise<void> {
  let output = '';
  let isReady = false;
  const read = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-8_000);
    isReady ||= /^ready\b.*$/m.test(output);
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  try {
    await waitFor(() => isReady || child.exitCode !== null, { timeoutMs: startMsMax, what: 'the devnet is ready' });
  } catch (cause) {
    throw new Error(`the devnet did not become ready; it said:\n${output}`, { cause });
  }
  if (!isReady) throw new Error(`the devnet ended with code ${child.exitCode}; it said:\n${output}`);
}

async function interrupt(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  const force = setTimeout(() => child.kill('SIGTERM'), stopMsMax);
  await ended;
  clearTimeout(force);
}

async function pidOf(dataDir: string, service: string): Promise<number> {
  const args = [cli, 'devnet', 'status', '--json', '--data-dir', dataDir];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: workspaceRoot, env: environment() });
  const { processes } = JSON.parse(stdout) as { processes: { name: string; pid: number | null }[] };
  const pid = processes.find(({ name }) => name === service)?.pid;
  if (!pid) throw new Error(`the devnet's status names no process ${service}`);
  return pid;
}

async function freePortBase(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const base = await freePort(internalPorts.last);
    const ports = [base];
    for (let offset = internalPorts.first; offset <= internalPorts.last; offset++) ports.push(base + offset);
    const taken = await Promise.all(ports.map((port) => portTaken(port)));
    if (!taken.includes(true)) return base;
  }
  throw new Error('no range of free ports was found');
}
