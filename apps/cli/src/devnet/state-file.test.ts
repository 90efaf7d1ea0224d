// Goal: a chain is never opened with another number of partitions than it is kept in; what `status` reads is what was written.
// Method: real directories as a start leaves them, of this version and of those before there were partitions.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DevnetProcess } from './devnet.ts';
import { pathLayout } from './layout.ts';
import { observeProcesses, readState, requirePartitions, writeState } from './state-file.ts';

let folder: string;
let paths: ReturnType<typeof pathLayout>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sheaf-cli-'));
  paths = pathLayout(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const layout = { portBase: 8545, partitions: 2, lanes: 3 };

test('a new directory takes any number', () => {
  for (const partitions of [1, 2, 16]) expect(() => requirePartitions(paths, partitions)).not.toThrow();
});

test('what a launch records refuses every other number, in one sentence', () => {
  writeState(paths.state, observeProcesses(layout, []));
  expect(() => requirePartitions(paths, 2)).not.toThrow();
  expect(() => requirePartitions(paths, 3)).toThrow(
    'the chain of this data directory is kept in 2 partitions and not in 3: start it with --partitions 2, or with --fresh to replace it',
  );
});

test('a chain from before there were partitions has one', () => {
  writeFileSync(paths.state, JSON.stringify({ portBase: 8545, processes: [] }));
  expect(() => requirePartitions(paths, 1)).not.toThrow();
  expect(() => requirePartitions(paths, 2)).toThrow('kept in 1 partition and not in 2: start it with --partitions 1,');
  expect(readState(paths.state)).toEqual({ portBase: 8545, partitions: 1, lanes: 1, processes: [] });
});

test('a chain from before, which never got ready and so left no record, has one too', () => {
  mkdirSync(join(paths.services, 'execution'), { recursive: true });
  expect(() => requirePartitions(paths, 1)).not.toThrow();
  expect(() => requirePartitions(paths, 2)).toThrow('--partitions 1');
});

test('processes are recorded with the layout', () => {
  const running: DevnetProcess = {
    name: 'execution-0-1',
    adminPort: 9117,
    pid: () => undefined,
    restarts: () => 2,
    ready: () => false,
    probe: () => Promise.resolve(false),
    untilReady: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    kill: () => {},
  };
  writeState(paths.state, observeProcesses(layout, [running]));
  expect(readState(paths.state)).toEqual({
    ...layout,
    processes: [{ name: 'execution-0-1', pid: null, ready: false, restarts: 2, memoryBytes: 0, adminPort: 9117 }],
  });
});

test('no record and one that cannot be read are none', () => {
  expect(readState(paths.state)).toBeUndefined();
  writeFileSync(paths.state, '{"portBase":');
  expect(readState(paths.state)).toBeUndefined();
});
