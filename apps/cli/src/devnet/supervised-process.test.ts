// Goal: a process that crashes is started again and it is said; one that gives up at start is a failure with its own words;
// nothing survives a stop.
// Method: real child processes, a small HTTP server each, killed and told to misbehave.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, waitFor } from '@sheaf/testing';
import { isAlive } from './process-table.ts';
import { superviseProcess, type ProcessLimits, type SupervisedProcess } from './supervised-process.ts';

const server = `
  console.log(JSON.stringify({ msg: 'a log record' }));
  if (process.env.COMPLAINT) { console.error(process.env.COMPLAINT); process.exit(1); }
  if (process.env.STUBBORN) process.on('SIGTERM', () => console.log('no'));
  require('node:http').createServer((_, answer) => {
    answer.statusCode = process.env.NEVER_READY ? 503 : 200;
    answer.end('{"ready":false}');
  }).listen(Number(process.env.PORT), '127.0.0.1');
`;

let folder: string;
let running: SupervisedProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sheaf-cli-'));
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map(async (supervised) => (supervised.kill(), supervised.stop())));
  rmSync(folder, { recursive: true, force: true });
});

async function start(env: Record<string, string> = {}, limits: Partial<ProcessLimits> = {}) {
  const port = await freePort();
  const said: string[] = [];
  const supervised = superviseProcess(
    {
      name: 'worker-1',
      command: process.execPath,
      args: ['-e', server],
      env: { PORT: String(port), ...env },
      logFile: join(folder, 'logs/worker-1.log'),
      readyUrl: `http://127.0.0.1:${port}/readyz`,
    },
    { report: (sentence) => said.push(sentence), limits: { backoffMsMin: 1, ...limits } },
  );
  running.push(supervised);
  return { supervised, said };
}

test('is started again after kill -9, as often as need be, and says so', async () => {
  const { supervised, said } = await start();
  await supervised.untilReady(30_000);
  for (let round = 1; round <= 3; round++) {
    const pid = supervised.pid()!;
    process.kill(pid, 'SIGKILL');
    await waitFor(() => supervised.restarts() === round, { what: `restart ${round}` });
    await supervised.untilReady(30_000);
    expect(supervised.pid()).not.toBe(pid);
    expect(isAlive(pid)).toBe(false);
  }
  expect(said).toEqual([1, 2, 4].map((ms) => `worker-1 was killed by SIGKILL; starting it again in ${ms} ms`));
});

test('giving up before it was ready is a start failure in its own words', async () => {
  const { supervised, said } = await start({ COMPLAINT: 'worker cannot start: port 1 is taken' });
  await expect(supervised.untilReady(30_000)).rejects.toThrow(
    'worker-1 ended with exit code 1: worker cannot start: port 1 is taken',
  );
  expect(supervised.restarts()).toBe(0);
  expect(said).toEqual([]);
});

test('one that is never ready fails after the time given, saying what it answers', async () => {
  const { supervised } = await start({ NEVER_READY: '1' });
  await expect(supervised.untilReady(1_500)).rejects.toThrow(
    /worker-1 was not ready after 2 s \(\/readyz answers 503 {"ready":false}\)/,
  );
});

test('a stop ends it for good, by force when it does not listen', async () => {
  const { supervised } = await start({ STUBBORN: '1' }, { stopMsMax: 50 });
  await supervised.untilReady(30_000);
  const pid = supervised.pid()!;
  await supervised.stop();
  expect(isAlive(pid)).toBe(false);
  expect(supervised.pid()).toBeUndefined();
  expect(supervised.restarts()).toBe(0);
  await supervised.stop();
});

test('a program that does not exist is a start failure', async () => {
  const supervised = superviseProcess(
    {
      name: 'ghost',
      command: join(folder, 'ghost'),
      args: [],
      env: {},
      logFile: join(folder, 'ghost.log'),
      readyUrl: 'http://127.0.0.1:1/',
    },
    { report: () => {} },
  );
  running.push(supervised);
  await expect(supervised.untilReady(30_000)).rejects.toThrow(/ghost .*ENOENT/);
});

test('a log that has grown too large is moved aside at start', async () => {
  const first = await start();
  await first.supervised.untilReady(30_000);
  await first.supervised.stop();
  const log = join(folder, 'logs/worker-1.log');
  writeFileSync(log, 'x'.repeat(2_000));
  const second = await start({}, { logBytesMax: 1_000 });
  await second.supervised.untilReady(30_000);
  expect(readFileSync(`${log}.1`, 'utf8')).toHaveLength(2_000);
  expect(readFileSync(log, 'utf8')).toContain('a log record');
  expect(existsSync(`${log}.2`)).toBe(false);
});
