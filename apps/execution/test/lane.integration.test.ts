// Goal: a lane of processes makes the blocks of one, whichever member is killed at whatever moment, and goes on by itself.
// Method: the real bundle, three processes with real NATS, gRPC and LMDB; kill -9 of each; hashes of the reference chain.
import { toHash32 } from '@sheaf/primitives';
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

const members = 3;
const length = 40;

let bundle: string;
let chain: ReferenceChain;
let folder: string;
let ports: number[];
let sequencer: Awaited<ReturnType<typeof startTestSequencer>>;
const sealed: Sealed[] = [];
const prefix = testStreamPrefix();
const processes: (ChildProcess | undefined)[] = [];
const words: string[] = [];

beforeAll(async () => {
  bundle = await bundleWorker('apps/execution/src/main.ts');
  chain = await referenceChain(length);
  folder = mkdtempSync(join(tmpdir(), 'sheaf-lane-'));
  writeFileSync(join(folder, 'chain.json'), JSON.stringify(chain.json));
  ports = await Promise.all(Array.from({ length: members }, () => freePort()));
  sequencer = await startTestSequencer(sealed);
}, 60_000);

afterAll(async () => {
  for (const child of processes) child?.kill('SIGKILL');
  await sequencer?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function start(member: number, addresses = ports.map((port) => `127.0.0.1:${port}`)): ChildProcess {
  const child = spawn(process.execPath, [bundle], {
    env: {
      PATH: process.env['PATH'],
      SHEAF_ADMIN_PORT: '0',
      SHEAF_GRPC_PORT: String(ports[member]),
      SHEAF_NATS_URL: testNatsUrl(),
      SHEAF_STREAM_PREFIX: prefix,
      SHEAF_CHAIN_SPEC: join(folder, 'chain.json'),
      SHEAF_SEQUENCER_ADDRESS: sequencer.address,
      SHEAF_DATA_DIR: join(folder, `member-${member}`),
      SHEAF_PARTITION: String(member),
      SHEAF_LANE_MEMBERS: addresses.join(','),
      SHEAF_WARM_POINT_EVALUATION: 'false',
      SHEAF_POLL_MS: '50',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => words.push(`${member}: ${chunk.toString()}`));
  }
  return child;
}

async function headOf(member: number): Promise<{ height: bigint; hash: string }> {
  const client = createRpcClient(executionV1.ExecutionServiceService, { address: `127.0.0.1:${ports[member]}` }, {});
  try {
    const { height, hash } = await client.getStatus({}, { deadlineMs: 500 });
    return { height, hash: toHash32(hash) };
  } catch {
    return { height: -1n, hash: '' };
  } finally {
    client.close();
  }
}

async function reached(height: number): Promise<void> {
  try {
    for (let member = 0; member < members; member++) {
      await waitFor(async () => (await headOf(member)).height >= BigInt(height), {
        what: `height ${height} at member ${member}`,
        timeoutMs: 30_000,
      });
    }
  } catch (error) {
    throw new Error(`${String(error)}\n${words.join('').slice(-6_000)}`);
  }
}

test('each member is killed and comes back; every member ends with the blocks of one', async () => {
  for (let member = 0; member < members; member++) processes[member] = start(member);
  let to = 0;
  for (const victim of [undefined, 1, 0, 2, 0, 1]) {
    const from = to;
    to = Math.min(length, to + 7);
    if (victim === undefined) {
      sealed.push(...chain.sealed.slice(from, to));
      await reached(to);
      continue;
    }
    sealed.push(...chain.sealed.slice(from, to));
    // Somewhere within these blocks.
    await waitFor(async () => (await headOf(victim)).height > BigInt(from), { what: 'a block', timeoutMs: 20_000 });
    const killed = processes[victim]!;
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    processes[victim] = start(victim);
    await reached(to);
  }
  expect(to).toBe(length);
  for (let member = 0; member < members; member++) {
    expect((await headOf(member)).hash).toBe(chain.blocks.at(-1)!.hash);
  }
  const client = createRpcClient(executionV1.ExecutionServiceService, { address: `127.0.0.1:${ports[0]}` }, {});
  for (let height = 1n; height <= BigInt(length); height += 1n) {
    const { block } = await client.getBlock(
      { block: { selector: { $case: 'height', value: height } } },
      { deadlineMs: 5_000 },
    );
    expect(toHash32(block!.hash)).toBe(chain.blocks[Number(height) - 1]!.hash);
  }
  client.close();
}, 180_000);

test('a member that is given other buckets than its store has is refused', async () => {
  const child = processes[2]!;
  child.kill('SIGTERM');
  await once(child, 'exit');
  const told = words.length;
  const other = start(2, [...ports.map((port) => `127.0.0.1:${port}`), '127.0.0.1:1']);
  processes[2] = other;
  const [code] = await once(other, 'exit');
  expect(code).toBe(1);
  expect(words.slice(told).join('')).toMatch(/buckets/);
}, 30_000);
