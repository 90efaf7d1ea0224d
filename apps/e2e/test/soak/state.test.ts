// Goal: after kill -9 at any moment the store opens as a committed height, whole; and the check that says so finds what is wrong.
// Method: a bounded run of `npm run soak -- state`, its children real processes; then stores made here, each damaged in
// one way through the port, so that no checksum gives it away.
import { toHeight } from '@sheaf/primitives';
import { PartitionState, stateTables } from '@sheaf/state';
import { openLmdb, type LmdbKeyValue } from '@sheaf/state-lmdb';
import { bundleWorker } from '@sheaf/testing';
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../src/random.ts';
import { checkStore, type StoreFound } from '../../src/soak/state/check.ts';
import { commitNext, maintainSome } from '../../src/soak/state/child.ts';
import { runKillLoop } from '../../src/soak/state/kill-loop.ts';
import { markKey, markTable, soakLimits } from '../../src/soak/state/limits.ts';
import { Model } from '../../src/soak/state/model.ts';

const kills = 15;
const heights = 40n;
const seed = 11;
/** Ten seconds when nobody else uses the machine. */
const busyMs = 180_000;

let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sheaf-soak-test-'));
  program = await bundleWorker('apps/e2e/src/soak/main.ts');
  const { kv, state } = open('made');
  while (commitNext(state, seed) < heights) maintainSome(state, seed, state.head()!);
  // Everything into the tables, where it can be damaged.
  while (state.maintain({ idle: true }));
  await kv.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(name: string) {
  const kv = openLmdb({ dataDir: join(folder, name), tables: [markTable] });
  return { kv, state: new PartitionState(kv, soakLimits) };
}

function check(name: string, { reported = heights, ofSeed = seed } = {}): Promise<StoreFound> {
  const model = new Model(ofSeed, 64);
  return checkStore({ dataDir: join(folder, name), seed: ofSeed, model, reported, random: seededRandom(1) });
}

async function damaged(name: string, damage: (kv: LmdbKeyValue) => void): Promise<string> {
  cpSync(join(folder, 'made'), join(folder, name), { recursive: true });
  const kv = openLmdb({ dataDir: join(folder, name), tables: [markTable] });
  damage(kv);
  await kv.close();
  return check(name).then(
    () => 'whole',
    (error: Error) => error.message,
  );
}

test(
  `${kills} kills`,
  async () => {
    const ofRun = randomInt(2 ** 32);
    const dataDir = join(folder, 'killed');
    const options = { dataDir, seed: ofRun, program, progress: () => undefined };
    const report = await runKillLoop({ ...options, goesOn: (so) => so.kills < kills });
    expect(report.kills).toBe(kills);
    expect(report.head).toBeGreaterThan(0n);
  },
  busyMs,
);

test('a store that is whole is found whole, at its head and one above what was reported', async () => {
  const found = { head: heights, carrying: false };
  expect(await check('made')).toEqual(found);
  expect(await check('made', { reported: heights - 1n })).toEqual(found);
});

test('a height that was lost, or that nobody reported', async () => {
  await expect(check('made', { reported: heights + 1n })).rejects.toThrow('height 41 was committed, the head is 40');
  await expect(check('made', { reported: heights - 2n })).rejects.toThrow('the head is 40, two or more above');
});

test('the state of another chain', async () => {
  await expect(check('made', { ofSeed: seed + 1 })).rejects.toThrow('the root of height 40 is');
});

test.each([
  [stateTables.accounts, 'the trie made of the rows has the root'],
  [stateTables.slots, 'have another root than the account'],
  [stateTables.branches, 'is not that of the rows below it'],
])('one row of %s', async (table, said) => {
  const message = await damaged(`lost-${table}`, (kv) => {
    const rows = kv.range(table, Uint8Array.of(0), undefined, 10_000);
    const deepest = rows.reduce((a, b) => (b.key.length > a.key.length ? b : a));
    kv.write([{ table, key: deepest.key, value: undefined }]);
  });
  expect(message).toContain(said);
});

test('the row that went with the block', async () => {
  const older = await damaged('mark', (kv) => kv.write([{ table: markTable, key: markKey, value: new Uint8Array(8) }]));
  expect(older).toBe('the rows that went with height 40 are not those of it');
});

test('the journal of a height that is kept', async () => {
  const message = await damaged('journal', (kv) => {
    const key = new Uint8Array(8);
    new DataView(key.buffer).setBigUint64(0, toHeight(heights));
    const [row] = kv.range(stateTables.journal, key, undefined, 1);
    kv.write([{ table: stateTables.journal, key: row!.key, value: undefined }]);
  });
  expect(message).toBe('the store cannot be used: the journal of height 40 is missing');
});

test('the command refuses what it does not know in one sentence', () => {
  const launch = (...args: string[]) => spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  const { scripts } = JSON.parse(readFileSync(join(__dirname, '../../../../package.json'), 'utf8')) as {
    scripts: object;
  };
  expect(scripts).toHaveProperty('soak', 'node apps/e2e/launch.mjs soak');
  expect(launch().stdout).toContain('usage: npm run soak -- <suite>');
  for (const [args, said] of [
    [['stat'], 'soak: there is no suite stat\n'],
    [['state', '--kills', '0'], 'soak: --kills is a whole number of 1 to 1000000\n'],
    [['state', '--minutes', 'x'], 'soak: --minutes is a whole number of 1 to 10080\n'],
    [['state', '--kill', '3'], "soak: Unknown option '--kill'"],
  ] as const) {
    const { status, stderr } = launch(...args);
    expect([status, stderr.slice(0, said.length)]).toEqual([1, said]);
  }
  const two = launch('state', '--kills', '2', '--seed', '5');
  expect([two.status, two.stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '2 kills, 0 failed']);
});
