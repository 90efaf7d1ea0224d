// Goal: `npm run bench -- state` measures every row that it names, writes what it is asked for, leaves nothing behind,
// and says in one sentence what it cannot do.
// Method: the bundled command at its small scale in a folder of its own; wrong arguments.
import { bundleWorker } from '@sheaf/testing';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Eight seconds when nobody else uses the machine. */
const busyMs = 180_000;

let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sheaf-bench-test-'));
  mkdirSync(join(folder, 'tmp'));
  program = await bundleWorker('apps/e2e/src/bench/main.ts');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = () => ({ ...process.env, TMPDIR: join(folder, 'tmp') });
const bench = (...args: string[]) =>
  spawnSync(process.execPath, ['--expose-gc', program, ...args], { encoding: 'utf8', env: environment() });

test(
  'every row, at the small scale',
  () => {
    const [json, plot] = [join(folder, 'report.json'), join(folder, 'growth.svg')];
    const { status, stdout, stderr } = bench(
      ...['state', '--scale', 'small', '--runs', '1', '--json', json, '--plot', plot],
    );
    expect([status, stderr]).toEqual([0, expect.stringContaining('growth: 20,000 accounts')]);
    for (const row of ['commit', 'root', 'durable', 'carry', 'read', 'open', 'disk']) {
      expect(stdout).toMatch(new RegExp(`^${row}: .*\\d`, 'm'));
    }
    expect(stdout).toMatch(/^20,000 accounts .*\d/m);
    const report = JSON.parse(readFileSync(json, 'utf8')) as { figures: { samples: number[] }[]; growth: object[] };
    expect(report.growth).toHaveLength(2);
    for (const { samples } of report.figures) expect(samples.every(Number.isFinite)).toBe(true);
    expect(readFileSync(plot, 'utf8')).toMatch(/^<svg /);
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  },
  busyMs,
);

test('a signal ends it, and its stores are gone', async () => {
  const args = ['--expose-gc', program, 'state', '--scale', 'small', '--rows', 'root', '--runs', '1000'];
  const child = spawn(process.execPath, args, { env: environment(), stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr.on('data', (text: Buffer) => {
    if (text.includes('measuring')) child.kill('SIGINT');
  });
  expect(await once(child, 'exit')).toEqual([130, null]);
  expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
});

test.each([
  [['state', '--scale', 'huge'], '--scale is full or small'],
  [['state', '--rows', 'roots'], 'state has no row roots; it has commit, root,'],
  [['state', '--rows', 'root', '--plot', 'x.svg'], '--plot needs the row growth'],
  [['evm', '--scale', 'small'], 'evm has no --scale'],
])('%p', (args, said) => {
  const { status, stderr } = bench(...args);
  expect([status, stderr]).toEqual([1, expect.stringContaining(`bench: ${said}`)]);
});
