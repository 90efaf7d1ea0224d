// Goal: the bundled process survives kill -9 at any time with identical hashes, and says in one sentence why it cannot start.
// Method: the real bundle as a process with real NATS, gRPC and LMDB; a file size limit stands in for a full disk.
import { connectBus } from '@sheaf/bus';
import { toHash32 } from '@sheaf/primitives';
import { executionV1 } from '@sheaf/proto';
import { createRpcClient } from '@sheaf/rpc';
import { testContext } from '@sheaf/service';
import { bundleWorker, freePort, testNatsUrl, testStreamPrefix, waitFor } from '@sheaf/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { referenceChain, type ReferenceChain, type Sealed } from './reference-chain.ts';
import { startTestSequencer } from './test-sequencer.ts';

const deadlineMs = 5_000;
const length = 40;

let bundle: string;
let chain: ReferenceChain;
let folder: string;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  bundle = await bundleWorker('apps/execution/src/main.ts');
  chain = await referenceChain(length);
  folder = mkdtempSync(join(tmpdir(), 'sheaf-execution-'));
  writeFileSync(join(folder, 'chain.json'), JSON.stringify(chain.json));
}, 60_000);

afterAll(async () => {
  for (const child of processes) if (child.exitCode === null) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Settings {
  dataDir: string;
  port: number;
  sequencer: string;
  prefix: string;
  spec?: string;
  /** Greatest size of a file, KiB. */
  fileKibMax?: number;
}

function start({ dataDir, port, sequencer, prefix, spec = join(folder, 'chain.json'), fileKibMax }: Settings) {
  const environment = {
    PATH: process.env['PATH'],
    SHEAF_ADMIN_PORT: '0',
    SHEAF_GRPC_PORT: String(port),
    SHEAF_NATS_URL: testNatsUrl(),
    SHEAF_STREAM_PREFIX: prefix,
    SHEAF_CHAIN_SPEC: spec,
    SHEAF_SEQUENCER_ADDRESS: sequencer,
    SHEAF_DATA_DIR: dataDir,
    SHEAF_WARM_POINT_EVALUATION: 'false',
    SHEAF_POLL_MS: '50',
  };
  const limited = `trap '' XFSZ; ulimit -f ${fileKibMax}; exec "$0" "$@"`;
  const child =
    fileKibMax === undefined
      ? spawn(process.execPath, [bundle], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] })
      : spawn('bash', ['-c', limited, process.execPath, bundle], {
          env: environment,
          stdio: ['ignore', 'ignore', 'pipe'],
        });
  processes.push(child);
  const stderr: string[] = [];
  child.stderr!.on('data', (chunk: Buffer) => stderr.push(chunk.toString()));
  return { child, stderr: () => stderr.join('') };
}

/** The head, as soon as the process answers. */
async function headOf(port: number): Promise<bigint | undefined> {
  const client = createRpcClient(executionV1.ExecutionServiceService, { address: `127.0.0.1:${port}` }, {});
  try {
    return (await client.getStatus({}, { deadlineMs: 500 })).height;
  } catch {
    return undefined;
  } finally {
    client.close();
  }
}

async function hashes(port: number): Promise<string[]> {
  const client = createRpcClient(executionV1.ExecutionServiceService, { address: `127.0.0.1:${port}` }, {});
  const found: string[] = [];
  for (let value = 1n; value <= BigInt(length); value += 1n) {
    const { block } = await client.getBlock({ block: { selector: { $case: 'height', value } } }, { deadlineMs });
    found.push(toHash32(block!.hash));
  }
  client.close();
  return found;
}

test('killed again and again, it ends with the blocks of an undisturbed run, all of them announced in order', async () => {
  const sealed: Sealed[] = [];
  const sequencer = await startTestSequencer(sealed);
  const settings = {
    dataDir: join(folder, 'killed'),
    port: await freePort(),
    sequencer: sequencer.address,
    prefix: testStreamPrefix(),
  };
  const bus = await connectBus(
    { url: testNatsUrl(), streamPrefix: settings.prefix, name: 'test' },
    { log: testContext({}).log },
  );
  const announced: bigint[] = [];
  await bus.subscribe('blocks', ({ body }) => void announced.push(executionV1.BlockAnnouncement.decode(body).height));
  for (const upTo of [10, 25, length]) {
    const { child } = start(settings);
    // Payloads come while it runs, so the kill falls between or inside blocks.
    const from = sealed.length;
    await waitFor(async () => (await headOf(settings.port)) !== undefined, { what: 'an answer', timeoutMs: 20_000 });
    sealed.push(...chain.sealed.slice(from, upTo));
    const target = upTo === length ? BigInt(length) : BigInt(from + 3);
    await waitFor(async () => ((await headOf(settings.port)) ?? 0n) >= target, {
      what: `height ${target}`,
      timeoutMs: 20_000,
    });
    if (upTo === length) break;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  expect(await hashes(settings.port)).toEqual(chain.blocks.map(({ hash }) => hash));
  await waitFor(() => announced.at(-1) === BigInt(length), { what: 'the last announcement' });
  expect([...new Set(announced)]).toEqual(Array.from({ length }, (_, i) => BigInt(i + 1)));
  const last = processes.at(-1)!;
  last.kill('SIGTERM');
  const [code] = await once(last, 'exit');
  expect(code).toBe(0);
  await bus.close();
  await sequencer.stop();
}, 90_000);

test.each<[string, (settings: Settings) => Settings, RegExp]>([
  [
    'a directory that is a file',
    (settings) => ({ ...settings, dataDir: join(folder, 'chain.json') }),
    /chain\.json is not a folder/,
  ],
  [
    'a missing chain spec',
    (settings) => ({ ...settings, spec: join(folder, 'none.json') }),
    /none\.json does not exist/,
  ],
  ['a full disk', (settings) => ({ ...settings, fileKibMax: 16 }), /data directory .* cannot be used/],
])(
  '%s is one clear sentence and exit code 1',
  async (_what, change, sentence) => {
    const port = await freePort();
    const settings = {
      dataDir: join(folder, `start-${port}`),
      port,
      sequencer: '127.0.0.1:1',
      prefix: testStreamPrefix(),
    };
    const { child, stderr } = start(change(settings));
    const [code] = await once(child, 'exit');
    expect(stderr()).toMatch(sentence);
    expect(stderr().trim().split('\n')).toHaveLength(1);
    expect(code).toBe(1);
  },
  30_000,
);

test('the data directory of another chain is refused', async () => {
  const sequencer = await startTestSequencer(chain.sealed.slice(0, 1));
  const settings = {
    dataDir: join(folder, 'other'),
    port: await freePort(),
    sequencer: sequencer.address,
    prefix: testStreamPrefix(),
  };
  const first = start(settings);
  await waitFor(async () => (await headOf(settings.port)) === 1n, { what: 'height 1', timeoutMs: 20_000 });
  first.child.kill('SIGTERM');
  await once(first.child, 'exit');
  const spec = join(folder, 'other.json');
  const json = chain.json as { genesis: { timestamp: unknown } };
  writeFileSync(spec, JSON.stringify({ ...json, genesis: { ...json.genesis, timestamp: '1' } }));
  const second = start({ ...settings, spec });
  const [code] = await once(second.child, 'exit');
  expect(second.stderr()).toMatch(/holds the chain with genesis 0x/);
  expect(code).toBe(1);
  await sequencer.stop();
}, 60_000);

test('a disk that fills up loses nothing: the commit fails whole, and goes on when there is room', async () => {
  const sequencer = await startTestSequencer(chain.sealed);
  const settings = {
    dataDir: join(folder, 'full'),
    port: await freePort(),
    sequencer: sequencer.address,
    prefix: testStreamPrefix(),
  };
  const full = start({ ...settings, fileKibMax: 512 });
  await waitFor(async () => ((await headOf(settings.port)) ?? 0n) > 0n, { what: 'the first block', timeoutMs: 20_000 });
  let head = -1n;
  // The head stands still: the same for ten questions in a row, while there is more to execute.
  let same = 0;
  await waitFor(
    async () => {
      const now = (await headOf(settings.port)) ?? -1n;
      same = now === head ? same + 1 : 0;
      head = now;
      return same >= 10;
    },
    { what: 'a head that stands still', timeoutMs: 20_000 },
  );
  expect(head).toBeLessThan(BigInt(length));
  expect(full.child.exitCode).toBeNull();
  full.child.kill('SIGKILL');
  await once(full.child, 'exit');
  const roomy = start(settings);
  await waitFor(async () => (await headOf(settings.port)) === BigInt(length), {
    what: 'the whole chain',
    timeoutMs: 30_000,
  });
  expect(await hashes(settings.port)).toEqual(chain.blocks.map(({ hash }) => hash));
  roomy.child.kill('SIGTERM');
  await once(roomy.child, 'exit');
  await sequencer.stop();
}, 90_000);
