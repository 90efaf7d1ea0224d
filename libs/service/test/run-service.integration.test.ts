// Goal: a service process starts, says how it is, and ends as its supervisor and its operator expect, also when things go wrong.
// Method: a tiny service is bundled like an app and run as a child process; its exit code, log, stderr and HTTP answers are checked.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorker } from '@sheaf/testing';
import { isAlive, runNode, takePort, waitFor, type Child } from './processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'sheaf-service-'));
let bundle: string;
const children: Child[] = [];

beforeAll(async () => {
  bundle = await bundleWorker('libs/service/test/fixture-service.ts');
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.process.kill('SIGKILL');
    await child.exit;
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(environment: Record<string, string> = {}, ...args: string[]): Child {
  const child = runNode([bundle, ...args], { SHEAF_ADMIN_PORT: '0', SHEAF_GRPC_PORT: '0', ...environment });
  children.push(child);
  return child;
}

async function started(environment: Record<string, string> = {}): Promise<{ child: Child; url: string }> {
  const child = start(environment);
  const { adminPort } = await child.logged('started');
  return { child, url: `http://127.0.0.1:${String(adminPort)}` };
}

const closedParts = (child: Child) =>
  child
    .records()
    .filter(({ msg }) => msg === 'closed')
    .map(({ part }) => part);

test('answers /livez, /readyz and /metrics, and refuses the rest', async () => {
  const { url } = await started();
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, checks: { server: { ok: true } } }]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('sheaf_build_info{service="fixture"');
  expect(metrics).toContain('sheaf_ready 1');
  expect(metrics).toMatch(/nodejs_eventloop_lag_p99_seconds \d/);
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  expect((await fetch(`${url}/readyz`, { method: 'POST' })).status).toBe(405);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops in the reverse order of the start, exit code 0', async (signal) => {
  const { child } = await started();
  child.process.kill(signal);
  expect(await child.exit).toEqual({ code: 0, signal: null });
  expect(closedParts(child)).toEqual(['last', 'server', 'first']);
  expect(child.stderr()).toBe('');
});

test('while it stops it is alive and not ready; a second signal forces exit code 130', async () => {
  const { child, url } = await started({ SHEAF_MODE: 'stuck stop' });
  child.process.kill('SIGTERM');
  await child.logged('stopping');
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  const ready = await fetch(`${url}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { ready: false, checks: { lifecycle: { ok: false, detail: 'stopping' } } },
  ]);
  child.process.kill('SIGTERM');
  expect(await child.exit).toEqual({ code: 130, signal: null });
  expect(closedParts(child)).toEqual([]);
});

test('a stop that hangs is cut off after its grace, exit code 1', async () => {
  const { child } = await started({ SHEAF_MODE: 'stuck stop' });
  child.process.kill('SIGTERM');
  expect(await child.exit).toEqual({ code: 1, signal: null });
  expect(child.records().at(-1)).toMatchObject({ level: 'fatal', graceMs: 10_000 });
});

test('a signal while it starts stops what is open so far', async () => {
  const child = start({ SHEAF_MODE: 'slow start' });
  await child.logged('starting');
  await waitFor(() => child.stdout().includes('starting'), 'the start');
  child.process.kill('SIGTERM');
  expect((await child.exit).signal).toBe(null);
  expect(child.stderr()).toBe('');
});

test('a taken port is one sentence naming the setting, exit code 1', async () => {
  const { port, server } = await takePort();
  try {
    for (const name of ['SHEAF_GRPC_PORT', 'SHEAF_ADMIN_PORT']) {
      const child = start({ [name]: String(port) });
      expect(await child.exit).toEqual({ code: 1, signal: null });
      expect(child.stderr()).toBe(`fixture cannot start: port ${port} on 127.0.0.1 is already in use (${name})\n`);
    }
  } finally {
    server.close();
  }
});

test('a failing start is one line on stderr, and what was open is closed', async () => {
  const child = start({ SHEAF_MODE: 'reject' });
  expect(await child.exit).toEqual({ code: 1, signal: null });
  expect(child.stderr()).toBe('fixture cannot start: the moon is in the wrong house\n');
  expect(closedParts(child)).toEqual(['first']);
});

test.each([
  ['crash', 'a bug'],
  ['fatal', 'disk gone'],
])('%s: logged, stopped in order, exit code 1', async (mode, message) => {
  const { child } = await started({ SHEAF_MODE: mode });
  expect(await child.exit).toEqual({ code: 1, signal: null });
  const fatal = child.records().find(({ level }) => level === 'fatal');
  expect(fatal?.err).toMatchObject({ message });
  expect(closedParts(child)).toEqual(['last', 'server', 'first']);
});

test('all faults of the configuration are said at once, without secrets', async () => {
  const child = start({ SHEAF_GRPC_PORT: '99999', SHEAF_GRPC_PROT: '1', SHEAF_MODE: 'odd', SHEAF_LOG_LEVEL: 'loud' });
  expect(await child.exit).toEqual({ code: 1, signal: null });
  const lines = child.stderr().split('\n');
  expect(lines[0]).toBe('fixture cannot start: the configuration has 4 faults:');
  expect(child.stderr()).toContain('  SHEAF_GRPC_PORT must be a port: a whole number from 0 to 65535, got "99999"\n');
  expect(child.stderr()).toContain('  SHEAF_GRPC_PROT is not a setting of this service; nearest: SHEAF_GRPC_PORT, ');
  expect(child.stderr()).toMatch(/ {2}SHEAF_MODE .*got "odd"\n/);
  expect(child.stderr()).toMatch(/ {2}SHEAF_LOG_LEVEL must be .*got "loud"\n/);
  expect(child.stdout()).toBe('');
});

test('--print-config shows what is in force and hides secrets; --help shows the reference', async () => {
  const printed = start({ SHEAF_PASSWORD: 'swordfish' }, '--print-config');
  expect(await printed.exit).toEqual({ code: 0, signal: null });
  expect(JSON.parse(printed.stdout())).toMatchObject({
    SHEAF_ADMIN_PORT: 0,
    SHEAF_PASSWORD: '[hidden]',
    SHEAF_JOURNAL: null,
  });
  const help = start({}, '--help');
  expect(await help.exit).toEqual({ code: 0, signal: null });
  expect(help.stdout()).toContain('| SHEAF_PASSWORD | `[hidden]` | Shows that secrets are hidden |');
  const { child } = await started({ SHEAF_PASSWORD: 'swordfish' });
  expect(child.stdout()).not.toContain('swordfish');
});

test('after kill -9 of its supervisor the service stops in order by itself', async () => {
  const journal = join(folder, 'journal');
  const script = `
    const { spawn } = require('node:child_process');
    const env = { SHEAF_ADMIN_PORT: '0', SHEAF_GRPC_PORT: '0', SHEAF_PARENT_PID: String(process.pid), SHEAF_JOURNAL: ${JSON.stringify(journal)} };
    const child = spawn(process.execPath, [${JSON.stringify(bundle)}], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.on('data', (chunk) => { if (String(chunk).includes('"started"')) console.log(JSON.stringify({ msg: 'child', pid: child.pid })); });
  `;
  const supervisor = runNode(['-e', script], {});
  children.push(supervisor);
  const pid = Number((await supervisor.logged('child')).pid);
  supervisor.process.kill('SIGKILL');
  await waitFor(() => !isAlive(pid), 'the orphan to end');
  expect(readFileSync(journal, 'utf8')).toBe('last\nserver\nfirst\n');
});
