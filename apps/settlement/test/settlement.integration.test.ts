// Goal: two replicas over one database finalize each height once, in order, at two thirds, announce it, keep evidence of a double vote, and
// lose nothing to a restart; bad wire and a foreign database are refused.
// Method: both replicas in this process over real PostgreSQL, NATS and gRPC, asked by concurrent clients that sign with the devnet's keys.
import { connectBus, type Bus } from '@sheaf/bus';
import { blsFastAggregateVerify, blsSign } from '@sheaf/crypto';
import { toHash32, toHeight } from '@sheaf/primitives';
import { attestationToWire, decodeFinalityAnnouncement, finalityFromWire, settlementV1 } from '@sheaf/proto';
import { attestationDigest, formatChainSpec, type Attestation, type Finality } from '@sheaf/protocol';
import { createRpcClient, type RpcClient } from '@sheaf/rpc';
import { testContext } from '@sheaf/service';
import { genesis } from '@sheaf/state-transition';
import { openStore, type Store } from '@sheaf/store';
import { bundleWorker, devChainSpec, testDatabase, testNatsUrl, testStreamPrefix, waitFor } from '@sheaf/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { config } from '../src/config.ts';
import { createSettlementReplica, type SettlementReplica } from '../src/service.ts';

const chain = devChainSpec();
const { spec } = chain;
const call = { deadlineMs: 20_000 };

type Client = RpcClient<typeof settlementV1.SettlementServiceService>;
interface Running {
  replica: SettlementReplica;
  client: Client;
}

let directory: string;
let workerFile: string;
let database: { url: string; drop(): Promise<void> };
let streamPrefix: string;
let bus: Bus;
let store: Store;
let replicas: Running[];
const announced: Finality[] = [];

async function launch(changes: Record<string, string> = {}): Promise<Running> {
  const values = config.parse({
    SHEAF_DATABASE_URL: database.url,
    SHEAF_NATS_URL: testNatsUrl(),
    SHEAF_STREAM_PREFIX: streamPrefix,
    SHEAF_CHAIN_SPEC: join(directory, 'chain.json'),
    SHEAF_GRPC_PORT: '0',
    SHEAF_ATTESTATION_WINDOW: '64',
    SHEAF_SWEEP_MS: '100',
    ...changes,
  });
  const replica = createSettlementReplica(testContext(values), {
    workerFile,
    migrations: join(__dirname, '../migrations'),
  });
  try {
    await replica.start();
  } catch (error) {
    await replica.stop();
    throw error;
  }
  return {
    replica,
    client: createRpcClient(settlementV1.SettlementServiceService, { address: `127.0.0.1:${replica.grpcPort()}` }, {}),
  };
}

async function end({ replica, client }: Running): Promise<void> {
  client.close();
  await replica.stop();
}

function attest(validatorIndex: number, height: number, variant = 0): Attestation {
  const hash = toHash32(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? height : variant)));
  const unsigned = {
    chainId: spec.chainId,
    height: toHeight(height),
    blockHash: hash,
    payloadHash: hash,
    commitmentsHash: hash,
  };
  return {
    ...unsigned,
    validatorIndex,
    signature: blsSign(chain.validatorKeys[validatorIndex]!, attestationDigest(unsigned)),
  };
}

const submit = ({ client }: Running, attestation: Attestation) =>
  client.submitAttestation({ attestation: attestationToWire(attestation) }, call);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sheaf-settlement-'));
  writeFileSync(join(directory, 'chain.json'), JSON.stringify(chain.json));
  workerFile = await bundleWorker('apps/settlement/src/main.ts');
  database = await testDatabase();
  streamPrefix = testStreamPrefix();
  const { log } = testContext({});
  bus = await connectBus({ url: testNatsUrl(), streamPrefix, name: 'test' }, { log });
  await bus.subscribe('finality', ({ body }) => void announced.push(decodeFinalityAnnouncement(body)));
  store = openStore({ url: database.url, applicationName: 'test' }, { log });
  replicas = await Promise.all([launch(), launch()]);
});

afterAll(async () => {
  await Promise.all((replicas ?? []).map(end));
  await store?.close();
  await bus?.close();
  await database?.drop();
  rmSync(directory, { recursive: true });
});

test('before anything is final, the finalized block is genesis', async () => {
  const { hash } = await genesis(spec);
  const status = await replicas[0]!.client.getStatus({}, call);
  expect(status.finalized?.height).toBe(0n);
  expect(toHash32(status.finalized!.hash)).toBe(hash);
  await expect(replicas[0]!.client.getFinality({ height: 0n }, call)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('three validators hand in thirty heights to either replica at once: each is final once, in order, and announced', async () => {
  const heights = Array.from({ length: 30 }, (_, i) => i + 1);
  const work = [0, 1, 2].flatMap((index) =>
    heights.map((height) => submit(replicas[(index + height) % 2]!, attest(index, height))),
  );
  await Promise.all(work);
  await waitFor(async () => (await replicas[1]!.client.getStatus({}, call)).finalized?.height === 30n);
  await waitFor(() => announced.length >= 30);
  expect(announced.map(({ height }) => Number(height))).toEqual(heights);
  const record = finalityFromWire((await replicas[0]!.client.getFinality({ height: 17n }, call)).finality, 'finality');
  expect(record.blockHash).toBe(attest(0, 17).blockHash);
  expect(record.signers.length).toBeGreaterThanOrEqual(2);
  const keys = record.signers.map((signer) => spec.validators[signer]!.publicKey);
  expect(blsFastAggregateVerify(keys, attestationDigest({ chainId: spec.chainId, ...record }), record.signature)).toBe(
    true,
  );
  const [row] = await store.query<{ total: bigint }[]>`select count(*) as total from attestations`;
  expect(row!.total).toBe(90n);
  const { validators } = await replicas[0]!.client.listValidators({}, call);
  expect(validators.map(({ attestedHeight }) => attestedHeight)).toEqual([30n, 30n, 30n]);
});

test('what a replica that died left undone is made final by another one, with no new attestation', async () => {
  const table = ['block_hash', 'payload_hash', 'commitments_hash'] as const;
  for (const index of [0, 1]) {
    const { height, validatorIndex, signature, ...hashes } = attest(index, 31);
    const bytes = Buffer.from(hashes.blockHash.slice(2), 'hex');
    const row = {
      height: height as bigint,
      validator_index: validatorIndex,
      signature,
      [table[0]]: bytes,
      [table[1]]: bytes,
      [table[2]]: bytes,
    };
    await store.query`insert into attestations ${store.query([row])}`;
  }
  await store.query`update head set attested_height = 31`;
  await waitFor(async () => (await replicas[0]!.client.getStatus({}, call)).finalized?.height === 31n);
  await waitFor(() => announced.at(-1)?.height === 31n);
});

test("the same again is answered, a stranger's signature and wrong wire are not taken", async () => {
  expect(await submit(replicas[0]!, attest(0, 5))).toEqual({ finalized: true });
  const [first] = replicas;
  await expect(submit(first!, { ...attest(0, 32), validatorIndex: 1 })).rejects.toMatchObject({
    detail: { field: 'attestation.signature' },
  });
  await expect(submit(first!, { ...attest(0, 32), chainId: 1n })).rejects.toMatchObject({
    detail: { code: 'REJECTED', reason: 'WRONG_CHAIN' },
  });
  await expect(submit(first!, attest(0, 96))).rejects.toMatchObject({ detail: { code: 'LIMIT' } });
  await expect(first!.client.submitAttestation({ attestation: undefined }, call)).rejects.toMatchObject({
    detail: { field: 'attestation' },
  });
  const wired = attestationToWire(attest(0, 32));
  const cut = { ...wired, blockHash: wired.blockHash.subarray(1) };
  await expect(first!.client.submitAttestation({ attestation: cut }, call)).rejects.toMatchObject({
    detail: { field: 'attestation.blockHash' },
  });
  const [row] = await store.query<{ total: bigint }[]>`select count(*) as total from attestations where height > 31`;
  expect(row!.total).toBe(0n);
});

test('a double vote, one half to each replica at once, is proven, slashed, and survives a restart', async () => {
  const outcomes = await Promise.allSettled([
    submit(replicas[0]!, attest(2, 32)),
    submit(replicas[1]!, attest(2, 32, 1)),
  ]);
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused).toHaveLength(1);
  expect(refused[0]).toMatchObject({ code: 'CONFLICT' });
  const [evidence] = await store.query<{ first: Uint8Array; second: Uint8Array }[]>`
    select a.signature as first, e.signature as second from evidence e join attestations a using (height, validator_index)`;
  const signatures = [evidence!.first, evidence!.second].map((bytes) => Buffer.from(bytes).toString('hex')).sort();
  expect(signatures).toEqual(
    [attest(2, 32), attest(2, 32, 1)].map(({ signature }) => Buffer.from(signature).toString('hex')).sort(),
  );

  await Promise.all(replicas.map(end));
  replicas = await Promise.all([launch(), launch()]);
  const { validators } = await replicas[1]!.client.listValidators({}, call);
  expect(validators.map(({ slashed }) => slashed)).toEqual([false, false, true]);
  await expect(submit(replicas[0]!, attest(2, 33))).rejects.toMatchObject({ detail: { reason: 'VALIDATOR_SLASHED' } });
  // One of three is not enough beside a slashed one; both others are.
  expect(await submit(replicas[0]!, attest(0, 32))).toEqual({ finalized: false });
  expect(await submit(replicas[1]!, attest(1, 32))).toEqual({ finalized: true });
  await waitFor(() => replicas.every(({ replica }) => replica.health().ready));
});

test('another validator set is refused over this database', async () => {
  const file = join(directory, 'other.json');
  const validators = spec.validators.map((validator, index) => ({
    ...validator,
    stakeGwei: validator.stakeGwei + BigInt(index),
  }));
  writeFileSync(file, JSON.stringify(formatChainSpec({ ...spec, validators })));
  await expect(launch({ SHEAF_CHAIN_SPEC: file })).rejects.toThrow('another validator set');
});

test('two blocks with more than a third each are told as divergence and stop the head', async () => {
  const stakes = [40n, 40n, 20n];
  const validators = spec.validators.map((validator, index) => ({ ...validator, stakeGwei: stakes[index]! }));
  const file = join(directory, 'weighted.json');
  writeFileSync(file, JSON.stringify(formatChainSpec({ ...spec, validators })));
  const other = await testDatabase();
  const running = await launch({
    SHEAF_CHAIN_SPEC: file,
    SHEAF_DATABASE_URL: other.url,
    SHEAF_STREAM_PREFIX: testStreamPrefix(),
  });
  try {
    await submit(running, attest(0, 1));
    expect((await running.client.getStatus({}, call)).diverged).toBe(false);
    await submit(running, attest(1, 1, 1));
    expect(await running.client.getStatus({}, call)).toMatchObject({ diverged: true, finalized: { height: 0n } });
    expect(await submit(running, attest(2, 1))).toEqual({ finalized: false });
  } finally {
    await end(running);
    await other.drop();
  }
});
