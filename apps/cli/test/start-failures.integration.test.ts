// Goal: what is wrong with the machine is one clear sentence and exit code 1, and nothing is left running.
// Method: the command line itself, bundled with stand-ins for services that never get to start, on a taken port, without a
// NATS server, on an unwritable directory, beside a running devnet's lock.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorker } from '@sheaf/testing';
import { findFreePortBase } from '../src/devnet/ports.ts';
import { allPorts } from '../src/devnet/lanes.ts';
import { pathLayout, portLayout } from '../src/devnet/layout.ts';
import { lockDataDir, prepareDataDir } from '../src/devnet/data-dir.ts';
import { observeProcesses, writeState } from '../src/devnet/state-file.ts';

let folder: string;
let cli: string;

beforeAll(async () => {
  cli = await bundleWorker('apps/cli/src/main.ts');
});

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sheaf-cli-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `sheaf devnet up` to its end. */
async function up(args: string[], env: Record<string, string> = {}): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [cli, 'devnet', 'up', ...args], { env: { ...process.env, ...env } });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.resume();
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stderr: stderr.trim() };
}

/** Processes whose command line names the directory of this test. */
function leftBehind(): string[] {
  const lines = execFileSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(folder));
}

test('an unwritable data directory', async () => {
  writeFileSync(join(folder, 'file'), '');
  const { code, stderr } = await up(['--data-dir', join(folder, 'file/devnet')]);
  expect(stderr).toBe(
    `sheaf: cannot write to the data directory ${join(folder, 'file/devnet')}: a part of the path is a file; choose another with --data-dir`,
  );
  expect(code).toBe(1);
});

test('a taken port is named with what wanted it', async () => {
  const base = await findFreePortBase(31_000, 40_000, portLayout);
  const { nats } = portLayout(base);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(nats, '127.0.0.1', resolve));
  const { code, stderr } = await up(['--data-dir', join(folder, 'devnet'), '--port-base', String(base)]);
  await new Promise((resolve) => server.close(resolve));
  expect(stderr).toBe(
    `sheaf: a port is taken: ${nats} (nats); stop what listens there or choose others with --port-base`,
  );
  expect(code).toBe(1);
});

test('no NATS server: PostgreSQL, which had started, is stopped again', async () => {
  const base = await findFreePortBase(41_000, 50_000, portLayout);
  const args = ['--data-dir', join(folder, 'devnet'), '--port-base', String(base)];
  const { code, stderr } = await up(args, { SHEAF_NATS_SERVER: join(folder, 'no-such-file') });
  expect(stderr).toBe(
    `sheaf: SHEAF_NATS_SERVER names ${join(folder, 'no-such-file')}, which is not an executable file`,
  );
  expect(code).toBe(1);
  expect(leftBehind()).toEqual([]);
});

test('a directory in use', async () => {
  const dataDir = join(folder, 'devnet');
  prepareDataDir(dataDir);
  mkdirSync(pathLayout(dataDir).logs);
  const lock = await lockDataDir(pathLayout(dataDir).lock, 8_545);
  const { code, stderr } = await up(['--data-dir', dataDir]);
  lock.release();
  expect(stderr).toContain(`a devnet already runs on this data directory (pid ${process.pid}, port base 8545)`);
  expect(code).toBe(1);
});

test('a directory whose chain is kept in another number of partitions', async () => {
  const dataDir = join(folder, 'devnet');
  prepareDataDir(dataDir);
  const base = await findFreePortBase(51_000, 60_000, (portBase) => allPorts(portBase, { partitions: 3, lanes: 1 }));
  writeState(pathLayout(dataDir).state, observeProcesses({ portBase: base, partitions: 2, lanes: 1 }, []));
  const { code, stderr } = await up(['--data-dir', dataDir, '--port-base', String(base), '--partitions', '3']);
  expect(stderr).toBe(
    'sheaf: the chain of this data directory is kept in 2 partitions and not in 3: start it with --partitions 2, or with --fresh to replace it',
  );
  expect(code).toBe(1);
  expect(leftBehind()).toEqual([]);
});

test.each([
  ['--partitions', '0', 16],
  ['--partitions', '17', 16],
  ['--partitions', 'two', 16],
  ['--lanes', '5', 4],
])('%s %p is refused', async (option, value, max) => {
  const { code, stderr } = await up([option, value]);
  expect(stderr).toContain(`must be a number from 1 to ${max}.`);
  expect(code).toBe(1);
});

test.each([['0'], ['70000'], ['abc'], ['80.5']])('port base %p is refused', async (value) => {
  const { code, stderr } = await up(['--port-base', value]);
  expect(stderr).toContain('must be a number from 1 to');
  expect(code).toBe(1);
});
