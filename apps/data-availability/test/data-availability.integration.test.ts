// Goal: two nodes verify, store and sign real blobs such that their signatures make a certificate and their cells restore the blobs; an altered
// cell leaves nothing behind; everything survives a restart; a foreign key or database is refused at start.
// Method: both nodes in this process with PostgreSQL databases of their own, real KZG in worker threads, asked over gRPC.
import { blsAggregate, blsFastAggregateVerify, createCryptoWorker, type CryptoWorker } from '@sheaf/crypto';
import { toAddress, toEpoch, toHeight, zeroHash } from '@sheaf/primitives';
import { batchStatementToWire, cellsFromWire, cellsToWire, daV1, toBuffer } from '@sheaf/proto';
import {
  custodyColumns,
  packPayloads,
  payloadHash,
  unpackPayloads,
  verifyCertificate,
  type BatchStatement,
  type Payload,
} from '@sheaf/protocol';
import { createRpcClient, type RpcClient } from '@sheaf/rpc';
import { testContext } from '@sheaf/service';
import { bundleWorker, devChainSpec, testDatabase } from '@sheaf/testing';
import { createCipheriv } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { config } from '../src/config.ts';
import { createDataAvailability, type DataAvailabilityNode } from '../src/service.ts';

// Each KZG worker takes 2.5 s of CPU to start, and other tests run beside this one.
jest.setTimeout(240_000);

const chain = devChainSpec();
const { spec } = chain;
const migrations = join(__dirname, '../migrations');
const call = { deadlineMs: 30_000 };

type Client = RpcClient<typeof daV1.DataAvailabilityServiceService>;
interface Running {
  node: DataAvailabilityNode;
  client: Client;
}

let directory: string;
let workerFile: string;
let publisher: CryptoWorker;
let databases: { url: string; drop(): Promise<void> }[];
let nodes: Running[];

function environment(nodeIndex: number, database: number): Record<string, string> {
  return {
    SHEAF_DATABASE_URL: databases[database]!.url,
    SHEAF_CHAIN_SPEC: join(directory, 'chain.json'),
    SHEAF_BLS_KEY_FILE: join(directory, `da-${nodeIndex}.key`),
    SHEAF_NODE_INDEX: String(nodeIndex),
    SHEAF_GRPC_PORT: '0',
  };
}

async function launch(variables: Record<string, string>): Promise<Running> {
  const node = createDataAvailability(testContext(config.parse(variables)), { workerFile, migrations });
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw error;
  }
  return {
    node,
    client: createRpcClient(daV1.DataAvailabilityServiceService, { address: `127.0.0.1:${node.grpcPort()}` }, {}),
  };
}

async function end({ node, client }: Running): Promise<void> {
  client.close();
  await node.stop();
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sheaf-da-'));
  writeFileSync(join(directory, 'chain.json'), JSON.stringify(chain.json));
  chain.daKeys.forEach((key, index) =>
    writeFileSync(join(directory, `da-${index}.key`), Buffer.from(key).toString('hex')),
  );
  workerFile = await bundleWorker('apps/data-availability/src/main.ts');
  databases = await Promise.all([testDatabase(), testDatabase()]);
  publisher = await createCryptoWorker({ workerFile, kzg: true });
  nodes = await Promise.all([0, 1].map((index) => launch(environment(index, index))));
});

afterAll(async () => {
  await Promise.all((nodes ?? []).map(end));
  await publisher?.close();
  await Promise.all((databases ?? []).map((database) => database.drop()));
  rmSync(directory, { recursive: true });
});

/** Payloads of these heights, with bytes that do not compress, as a publisher prepares them. */
async function prepare(first: number, last: number, bytesEach: number) {
  const payloads: Payload[] = [];
  for (let height = first; height <= last; height++) {
    payloads.push({
      chainId: spec.chainId,
      height: toHeight(height),
      epoch: toEpoch(1),
      parentHash: payloads.length > 0 ? payloadHash(payloads.at(-1)!) : zeroHash,
      timestamp: 1n,
      baseFeePerGas: 7n,
      gasLimit: 30_000_000n,
      feeRecipient: toAddress(new Uint8Array(20)),
      prevRandao: zeroHash,
      deposits: [],
      // Does not compress: 31 usable bytes of 32 make two such payloads more than one blob.
      transactions: [
        createCipheriv('aes-128-ctr', Buffer.alloc(16, height), Buffer.alloc(16)).update(Buffer.alloc(bytesEach)),
      ],
    });
  }
  const blobs = packPayloads(payloads);
  const commitments: Uint8Array[] = [];
  const cells: Awaited<ReturnType<CryptoWorker['computeCells']>>[] = [];
  for (const blob of blobs) {
    commitments.push(await publisher.blobToCommitment(blob));
    cells.push(await publisher.computeCells(blob));
  }
  const statement: BatchStatement = {
    chainId: spec.chainId,
    namespace: 'payloads',
    firstHeight: toHeight(first),
    lastHeight: toHeight(last),
    lastPayloadHash: payloadHash(payloads.at(-1)!),
    commitments,
  };
  const request = (nodeIndex: number): daV1.StoreBatchRequest => ({
    statement: batchStatementToWire(statement),
    blobs: cells.map(({ cells: all, proofs }) => ({
      cells: cellsToWire(
        custodyColumns(spec.da, nodeIndex).map((column) => ({ column, cell: all[column]!, proof: proofs[column]! })),
      ),
    })),
  });
  return { payloads, blobs, statement, request };
}

test('both signatures make a certificate, and what the nodes serve restores the blobs', async () => {
  const { statement, request, payloads, blobs } = await prepare(1, 2, 100_000);
  expect(blobs.length).toBeGreaterThan(1);
  const answers = await Promise.all(nodes.map(({ client }, index) => client.storeBatch(request(index), call)));
  expect(answers.map(({ nodeIndex }) => nodeIndex)).toEqual([0, 1]);
  const certificate = {
    statement,
    signers: [0, 1],
    signature: blsAggregate(answers.map(({ signature }) => signature)),
  };
  expect(await verifyCertificate(certificate, spec.da, blsFastAggregateVerify)).toBe(true);

  // From either node alone: 64 columns each.
  for (const [index, { client }] of nodes.entries()) {
    const restored: Uint8Array[] = [];
    for (const commitment of statement.commitments) {
      const columns = Array.from({ length: 128 }, (_, column) => column);
      const { cells } = await client.getCells({ commitment: toBuffer(commitment), columns }, call);
      const read = cellsFromWire(cells, 'cells');
      expect(read.map(({ column }) => column)).toEqual(custodyColumns(spec.da, index));
      const all = <T>(pick: (cell: (typeof read)[number]) => T) => read.map(pick);
      const ours = all(() => commitment);
      expect(
        await publisher.verifyCells(
          ours,
          all((c) => c.column),
          all((c) => c.cell),
          all((c) => c.proof),
        ),
      ).toBe(true);
      restored.push(
        await publisher.recoverBlob(
          all((c) => c.column),
          all((c) => c.cell),
        ),
      );
    }
    expect(unpackPayloads(restored).map(payloadHash)).toEqual(payloads.map(payloadHash));
  }
});

test('a few columns are served alone; unknown blobs and heights are NOT_FOUND', async () => {
  const { client } = nodes[0]!;
  const { statement } = await client.getBatch({ namespace: 'payloads', height: 2n }, call);
  expect(statement).toMatchObject({ firstHeight: 1n, lastHeight: 2n });
  const { cells } = await client.getCells(
    { commitment: statement!.commitments[0]!, columns: [3, 62, 63, 64, 127] },
    call,
  );
  expect(cells.map(({ column }) => column)).toEqual([3, 62, 63]);
  await expect(client.getCells({ commitment: Buffer.alloc(48), columns: [1] }, call)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(client.getBatch({ namespace: 'payloads', height: 3n }, call)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(client.getBatch({ namespace: 'photos', height: 1n }, call)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('an altered cell, a missing column or bad wire leaves nothing behind', async () => {
  const { client } = nodes[0]!;
  const { request } = await prepare(3, 3, 1_000);
  const before = await client.getStatus({}, call);
  const altered = request(0);
  altered.blobs[0]!.cells[5]!.cell[100]! ^= 1;
  await expect(client.storeBatch(altered, call)).rejects.toMatchObject({
    detail: { code: 'REJECTED', reason: 'INVALID_CELLS' },
  });
  const proof = request(0);
  proof.blobs[0]!.cells[5]!.proof = proof.blobs[0]!.cells[6]!.proof;
  await expect(client.storeBatch(proof, call)).rejects.toMatchObject({ detail: { code: 'REJECTED' } });
  const short = request(0);
  short.blobs[0]!.cells.pop();
  await expect(client.storeBatch(short, call)).rejects.toMatchObject({ detail: { field: 'blobs.0.cells' } });
  const cut = request(0);
  cut.blobs[0]!.cells[1]!.cell = cut.blobs[0]!.cells[1]!.cell.subarray(1);
  await expect(client.storeBatch(cut, call)).rejects.toMatchObject({ detail: { field: 'blobs.0.cells.1.cell' } });
  await expect(client.storeBatch({ ...request(0), statement: undefined }, call)).rejects.toMatchObject({
    detail: { field: 'statement' },
  });
  await expect(client.storeBatch(request(1), call)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(await client.getStatus({}, call)).toEqual(before);
  await expect(
    client.getCells({ commitment: altered.statement!.commitments[0]!, columns: [1] }, call),
  ).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('no two statements for one height; the same one again gives the same signature, also when asked at once', async () => {
  const { client } = nodes[0]!;
  const batch = await prepare(4, 6, 500);
  const other = await prepare(6, 7, 500);
  const outcomes = await Promise.allSettled(
    [batch, other, batch, other].map((each) => client.storeBatch(each.request(0), call)),
  );
  const fulfilled = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value.signature.toString('hex')] : [],
  );
  expect(new Set(fulfilled).size).toBe(1);
  expect(fulfilled).toHaveLength(2);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CONFLICT' });
});

test('a restarted node serves and signs what it stored before', async () => {
  const batch = await prepare(8, 8, 200);
  const first = await nodes[1]!.client.storeBatch(batch.request(1), call);
  const status = await nodes[1]!.client.getStatus({}, call);
  await end(nodes[1]!);
  nodes[1] = await launch(environment(1, 1));
  expect(await nodes[1].client.getStatus({}, call)).toEqual(status);
  expect(status).toMatchObject({ nodeIndex: 1, height: 8n });
  expect(await nodes[1].client.storeBatch(batch.request(1), call)).toEqual(first);
  expect(nodes[1].node.health().ready).toBe(true);
});

test.each<[string, () => Record<string, string>, string]>([
  [
    "another node's key",
    () => ({ ...environment(1, 1), SHEAF_NODE_INDEX: '0' }),
    'holds another key than the chain spec has',
  ],
  [
    'an index outside the committee',
    () => ({ ...environment(1, 1), SHEAF_NODE_INDEX: '2' }),
    'SHEAF_NODE_INDEX must be below 2',
  ],
  ["another node's database", () => environment(1, 0), 'the database belongs to node 0'],
  [
    'a missing specification',
    () => ({ ...environment(1, 1), SHEAF_CHAIN_SPEC: '/nowhere' }),
    '/nowhere cannot be read',
  ],
])('refuses to start with %s', async (_what, variables, sentence) => {
  await expect(launch(variables())).rejects.toThrow(sentence);
});
