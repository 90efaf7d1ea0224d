// Goal: one devnet a directory, a dead one is displaced, and no directory but a devnet's is ever written to or emptied.
// Method: real directories and processes; a lock of a process that has ended stands for a killed devnet.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isHeld, lockDataDir, prepareDataDir, readLock, resetDataDir } from './data-dir.ts';
import { pathLayout } from './layout.ts';
import { startTimeOf } from './process-table.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sheaf-cli-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a second devnet is refused while the first holds the lock', async () => {
  const { lock: file } = pathLayout(folder);
  const lock = await lockDataDir(file, 8545);
  expect(lock.displaced).toBe(false);
  await expect(lockDataDir(file, 9000)).rejects.toThrow(`pid ${process.pid}, port base 8545`);
  lock.setWatchdog(1);
  expect(readLock(file)).toMatchObject({ pid: process.pid, watchdogPid: 1 });
  lock.release();
  expect(existsSync(file)).toBe(false);
});

test.each([
  ['a process that ended', (): unknown => ({ pid: spawnSync('true').pid, startTime: 1, portBase: 1 })],
  ['a stranger with the same number', (): unknown => ({ pid: process.pid, startTime: 1, portBase: 1 })],
])('the lock of %s is displaced', async (_, holder) => {
  const { lock: file } = pathLayout(folder);
  writeFileSync(file, JSON.stringify(holder()));
  const lock = await lockDataDir(file, 8545);
  expect(lock.displaced).toBe(true);
  expect(readLock(file)?.pid).toBe(process.pid);
});

test('a displaced lock is taken only after the watchdog of the dead devnet has finished', async () => {
  const { lock: file } = pathLayout(folder);
  const watchdog = spawn('sleep', ['1000']);
  writeFileSync(file, JSON.stringify({ pid: process.pid, startTime: 1, portBase: 1, watchdogPid: watchdog.pid }));
  const order: string[] = [];
  watchdog.once('exit', () => order.push('watchdog'));
  const locking = lockDataDir(file, 8545).then(() => order.push('lock'));
  watchdog.kill();
  await locking;
  expect(order).toEqual(['watchdog', 'lock']);
});

test('a live holder is recognised by its start time', () => {
  const startTime = startTimeOf(process.pid);
  expect(isHeld({ pid: process.pid, startTime, portBase: 1 })).toBe(true);
  expect(isHeld({ pid: process.pid, startTime: startTime + 1, portBase: 1 })).toBe(false);
});

test('a directory with something else in it is refused and left alone', () => {
  writeFileSync(join(folder, 'thesis.txt'), 'years of work');
  expect(() => prepareDataDir(folder)).toThrow('is not empty and not of a devnet');
  expect(readdirSync(folder)).toEqual(['thesis.txt']);
});

test('a path through a file is one clear sentence', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => prepareDataDir(join(file, 'data'))).toThrow(
    `cannot write to the data directory ${join(file, 'data')}: a part of the path is a file; choose another with --data-dir`,
  );
});

test('a reset keeps the marker and the lock alone', async () => {
  const dataDir = join(folder, 'new', 'data');
  prepareDataDir(dataDir);
  await lockDataDir(pathLayout(dataDir).lock, 8545);
  mkdirSync(join(dataDir, 'postgres'));
  writeFileSync(join(dataDir, 'chain.json'), '{}');
  resetDataDir(dataDir);
  expect(readdirSync(dataDir).sort()).toEqual(['.sheaf-devnet', 'lock.json']);
  expect(() => prepareDataDir(dataDir)).not.toThrow();
});
