// Goal: a hash that was answered survives kill -9 of the sequencer, and ends in a block after the restart with no operator.
// Method: the real bundle as a process of its own under concurrent load, killed with SIGKILL in the middle, twice; the database
// is read while it is dead, then it is started again under the same name.
import { keccak256 } from '@sheaf/crypto';
import { isChainError } from '@sheaf/primitives';
import { openStore } from '@sheaf/store';
import { bundleWorker, freePort } from '@sheaf/testing';
import { testContext } from '@sheaf/service';
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createWorld, eventually, status, submit, type SequencerClient, type World } from './world.ts';

jest.setTimeout(180_000);

let world: World;
let child: ChildProcess | undefined;

beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) await kill();
  await world.stop();
});

async function startProcess(port: number): Promise<void> {
  const bundle = await bundleWorker('apps/sequencer/src/main.ts');
  cpSync(join(__dirname, '../migrations'), join(dirname(bundle), 'migrations'), { recursive: true });
  const environment = world.environment({ SHEAF_GRPC_PORT: String(port), SHEAF_LOG_LEVEL: 'error' });
  child = spawn(process.execPath, [bundle], { env: { PATH: process.env['PATH'], ...environment }, stdio: 'inherit' });
}

function kill(): Promise<void> {
  const dead = new Promise<void>((resolve) => child!.once('exit', () => resolve()));
  child!.kill('SIGKILL');
  return dead;
}

/** Each account sends its nonces one after the other until the process is gone; what was answered is kept. */
async function load(client: SequencerClient, from: readonly bigint[], answered: Buffer[], enough: () => void) {
  await Promise.all(
    from.map(async (first, account) => {
      for (let nonce = first; ; nonce += 1n) {
        const raw = world.transfer(account, nonce);
        try {
          const [word] = await submit(client, raw);
          expect(['ACCEPTED', 'KNOWN']).toContain(word);
          answered.push(raw);
          if (answered.length >= 40) enough();
        } catch (error) {
          expect(isChainError(error)).toBe(true);
          return;
        }
      }
    }),
  );
}

test('every answered hash is in the database after kill -9, and in the chain after the restart', async () => {
  const { log } = testContext({});
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  world.execution.follow(address);
  const everything: Buffer[] = [];
  let nonces: bigint[] = world.chain.accounts.map(() => 0n);
  const store = openStore({ url: world.databaseUrl, applicationName: 'test' }, { log });
  try {
    for (let round = 0; round < 2; round++) {
      await startProcess(port);
      const client = world.connect(address);
      await eventually(async () => (await status(client)).epoch === BigInt(round + 1), { what: `epoch ${round + 1}` });
      const answered: Buffer[] = [];
      const enough = new Promise<void>((resolve) => void load(client, nonces, answered, resolve).catch(resolve));
      await enough;
      await kill();
      const count = answered.length;
      expect(count).toBeGreaterThanOrEqual(40);
      everything.push(...answered);
      const rows = await store.query<{ hash: Buffer }[]>`select hash from transactions`;
      const stored = new Set(rows.map(({ hash }) => hash.toString('hex')));
      const lost = everything.filter((raw) => !stored.has(Buffer.from(keccak256(raw)).toString('hex')));
      expect(lost).toEqual([]);
      nonces = await nextNonces(store);
    }
    await startProcess(port);
    await eventually(
      async () => {
        const [row] = await store.query<{ waiting: bigint }[]>`
        select count(*) as waiting from transactions where stage <> 3`;
        return row!.waiting === 0n;
      },
      { what: 'every transaction to be included' },
    );
    const included = new Set(
      world.execution.payloads.flatMap(({ transactions }) =>
        transactions.map((raw) => Buffer.from(raw).toString('hex')),
      ),
    );
    for (const raw of everything) expect(included.has(raw.toString('hex'))).toBe(true);
    expect(new Set(world.execution.payloads.map(({ epoch }) => epoch)).size).toBeGreaterThan(1);
  } finally {
    await store.close();
  }
});

/** What was written but not answered is in the database too: the next round goes on above it. */
async function nextNonces(store: ReturnType<typeof openStore>): Promise<bigint[]> {
  const rows = await store.query<{ sender: Buffer; next: bigint }[]>`
    select sender, max(nonce) + 1 as next from transactions group by sender`;
  const bySender = new Map(rows.map(({ sender, next }) => [`0x${sender.toString('hex')}`, next]));
  return world.chain.accounts.map(({ address }) => bySender.get(address) ?? 0n);
}

test('a start that cannot succeed says why in one sentence and exits with 1', async () => {
  const bundle = await bundleWorker('apps/sequencer/src/main.ts');
  const environment = world.environment({ SHEAF_CHAIN_SPEC: '/does/not/exist.json' });
  const failing = spawn(process.execPath, [bundle], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  failing.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => failing.once('exit', resolve));
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain('/does/not/exist.json');
});
