// Goal: a member that has lost its disk comes back by itself when access lists do not reach that far, killed on the way or not, and its
// lane goes on to the same blocks; so does a coordinator, and a lane of one.
// Method: the real bundle, a lane of one and a lane of two with real NATS, gRPC and LMDB, each the other's source; kill -9, and the
// directory is deleted; hashes of the reference chain.
import { isChainError, toHash32 } from '@sheaf/primitives';
import { executionV1 } from '@sheaf/proto';
import { createRpcClient } from '@sheaf/rpc';
import { bundleWorker, freePort, testNatsUrl, testStreamPrefix, waitFor } from '@sheaf/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceChain, type ReferenceChain, type Sealed } from './reference-chain.ts';
import { startTestSequencer } from './test-sequencer.ts';

const heightsKept = 4;
const length = 20;
/** So many that they do not come in one moment. */
const idleAccounts = 20_000;

type Name = 'alone' | 'first' | 'second';
const names: Name[] = ['alone', 'first', 'second'];

let bundle: string;
let chain: ReferenceChain;
let folder: string;
let ports: Record<Name, number>;
let sequencer: Awaited<ReturnType<typeof startTestSequencer>>;
const sealed: Sealed[] = [];
const prefix = testStreamPrefix();
const processes = new Map<Name, ChildProcess>();
const words: Record<Name, string> = { alone: '', first: '', second: '' };

beforeAll(async () => {
  bundle = await bundleWorker('apps/execution/src/main.ts');
  chain = await referenceChain(length, undefined, idleAccounts);
  folder = mkdtempSync(join(tmpdir(), 'sheaf-snapshot-'));
  writeFileSync(join(folder, 'chain.json'), JSON.stringify(chain.json));
  ports = { alone: await freePort(), first: await freePort(), second: await freePort() };
  sequencer = await startTestSequencer(sealed);
}, 60_000);

afterAll(async () => {
  for (const child of processes.values()) child.kill('SIGKILL');
  await sequencer?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const addressOf = (name: Name) => `127.0.0.1:${ports[name]}`;
const addresses = (...of: Name[]) => of.map(addressOf).join(',');

function start(name: Name): void {
  const place: Record<string, string> =
    name === 'alone'
      ? { SHEAF_LANE: 'a', SHEAF_SNAPSHOT_FROM: addresses('first', 'second') }
      : {
          SHEAF_LANE: 'b',
          SHEAF_PARTITION: name === 'first' ? '0' : '1',
          SHEAF_LANE_MEMBERS: addresses('first', 'second'),
          SHEAF_SNAPSHOT_FROM: addresses('alone'),
        };
  const child = spawn(process.execPath, [bundle], {
    env: {
      PATH: process.env['PATH'],
      SHEAF_ADMIN_PORT: '0',
      SHEAF_GRPC_PORT: String(ports[name]),
      SHEAF_NATS_URL: testNatsUrl(),
      SHEAF_STREAM_PREFIX: prefix,
      SHEAF_CHAIN_SPEC: join(folder, 'chain.json'),
      SHEAF_SEQUENCER_ADDRESS: sequencer.address,
      SHEAF_DATA_DIR: join(folder, name),
      SHEAF_STATE_HEIGHTS_KEPT: String(heightsKept),
      SHEAF_WARM_POINT_EVALUATION: 'false',
      SHEAF_POLL_MS: '50',
      ...place,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.set(name, child);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (words[name] += chunk.toString()));
  }
}

async function kill(name: Name): Promise<void> {
  const child = processes.get(name)!;
  const gone = once(child, 'close');
  child.kill('SIGKILL');
  await gone;
}

async function loseDisk(name: Name): Promise<void> {
  await kill(name);
  rmSync(join(folder, name), { recursive: true });
  words[name] = '';
}

async function headOf(name: Name): Promise<{ height: bigint; hash: string }> {
  const client = createRpcClient(executionV1.ExecutionServiceService, { address: addressOf(name) }, {});
  try {
    const { height, hash } = await client.getStatus({}, { deadlineMs: 500 });
    return { height, hash: toHash32(hash) };
  } catch {
    return { height: -1n, hash: '' };
  } finally {
    client.close();
  }
}

/** The members are at the height, which nothing goes beyond, with its block. */
async function reached(height: number, ...of: Name[]): Promise<void> {
  for (const name of of) {
    try {
      await waitFor(async () => (await headOf(name)).height >= BigInt(height), {
        what: `height ${height} at ${name}`,
        timeoutMs: 60_000,
      });
    } catch (error) {
      throw new Error(`${String(error)}\n${names.map((one) => `${one}: ${words[one].slice(-3_000)}`).join('\n')}`);
    }
    expect(await headOf(name)).toEqual({ height: BigInt(height), hash: chain.blocks[height - 1]!.hash });
  }
}

const says = (name: Name, text: string) =>
  waitFor(() => words[name].includes(text), { what: `${name} to say ${text}`, timeoutMs: 60_000 });
const seal = (to: number) => void sealed.push(...chain.sealed.slice(sealed.length, to));

test('lanes that begin together begin at genesis', async () => {
  names.forEach(start);
  seal(8);
  await reached(8, ...names);
}, 120_000);

test('a member loses its disk, and is killed while it fetches its state: its lane goes on when it is back', async () => {
  await loseDisk('second');
  seal(11);
  await reached(11, 'alone');
  // On a busy machine the snapshot may be whole before the process is dead.
  for (let tries = 0; tries < 5; tries++) {
    start('second');
    await says('second', 'a snapshot is fetched');
    await kill('second');
    if (!words.second.includes('the member has a state')) break;
    await loseDisk('second');
  }
  expect(words.second).not.toContain('the member has a state');
  start('second');
  await says('second', '"resumed":true');
  await reached(11, 'first', 'second');
}, 120_000);

test('a lane of one loses its disk: blocks before are not there', async () => {
  await loseDisk('alone');
  start('alone');
  await says('alone', 'a snapshot is fetched');
  seal(14);
  await reached(14, ...names);
  const client = createRpcClient(executionV1.ExecutionServiceService, { address: addressOf('alone') }, {});
  const get = (value: bigint) =>
    client.getBlock({ block: { selector: { $case: 'height', value } } }, { deadlineMs: 5_000 });
  const first = BigInt(/"height":"?(\d+)"?.*a snapshot is fetched/.exec(words.alone)![1]!);
  expect(first).toBeGreaterThanOrEqual(11n);
  expect(toHash32((await get(first)).block!.hash)).toBe(chain.blocks[Number(first) - 1]!.hash);
  const refusal = await get(first - 1n).catch((error: unknown) => error);
  expect(isChainError(refusal) && refusal.detail).toMatchObject({
    code: 'NOT_FOUND',
    message: `block ${first - 1n} is not here: the first after genesis is ${first}`,
  });
  client.close();
}, 120_000);

test('a coordinator loses its disk, while its member has its own', async () => {
  await loseDisk('first');
  seal(16);
  await reached(16, 'alone');
  start('first');
  await says('first', 'a snapshot is fetched');
  seal(length);
  await reached(length, ...names);
}, 120_000);
