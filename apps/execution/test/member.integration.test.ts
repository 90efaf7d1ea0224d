// Goal: a member answers every read, call and proof as promised, and stops its head, not itself, on a bad payload.
// Method: a member in this process with real threads, LMDB, gRPC and NATS, fed by a sequencer's face.
import { connectBus, type Bus } from '@sheaf/bus';
import { decodeBlock, encodeHeader } from '@sheaf/ethereum';
import { bytesToHex, hexToBytes, toHash32, zeroHash, type ChainErrorDetail, isChainError } from '@sheaf/primitives';
import { executionV1, hexToBuffer, messageToWire, traceOptionsToWire, witnessFromWire } from '@sheaf/proto';
import { payloadHash } from '@sheaf/protocol';
import { createRpcClient, type RpcClient } from '@sheaf/rpc';
import { testContext } from '@sheaf/service';
import { decodeWitness, WitnessState } from '@sheaf/state';
import { createEngine, type CallMessage } from '@sheaf/state-transition';
import { bundleWorker, testNatsUrl, testStreamPrefix, waitFor } from '@sheaf/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { config } from '../src/config.ts';
import { createExecutionMember, type ExecutionMember } from '../src/service.ts';
import { traceLimits } from '../src/trace-limits.ts';
import {
  burnContract,
  referenceChain,
  revertContract,
  storeContract,
  type ReferenceChain,
  type Sealed,
} from './reference-chain.ts';
import { announce, startTestSequencer } from './test-sequencer.ts';

const deadlineMs = 10_000;

let chain: ReferenceChain;
let sealed: Sealed[];
let folder: string;
let sequencer: Awaited<ReturnType<typeof startTestSequencer>>;
let member: ExecutionMember;
let context: ReturnType<typeof makeContext>;
let client: RpcClient<typeof executionV1.ExecutionServiceService>;
let bus: Bus;
const prefix = testStreamPrefix();

function makeContext() {
  return testContext(
    config.parse({
      SHEAF_GRPC_PORT: '0',
      SHEAF_NATS_URL: testNatsUrl(),
      SHEAF_STREAM_PREFIX: prefix,
      SHEAF_CHAIN_SPEC: join(folder, 'chain.json'),
      SHEAF_SEQUENCER_ADDRESS: sequencer.address,
      SHEAF_DATA_DIR: join(folder, 'data'),
      SHEAF_WARM_POINT_EVALUATION: 'false',
      SHEAF_POLL_MS: '50',
      SHEAF_CALL_QUEUE_MAX: '2',
      SHEAF_CALL_TIMEOUT_MS: '400',
      SHEAF_STREAMS_MAX: '2',
    }),
    'execution',
  );
}

const status = () => client.getStatus({}, { deadlineMs });
const height = (value: bigint) => ({ selector: { $case: 'height' as const, value } });
const reached = (value: bigint) =>
  waitFor(async () => (await status()).height >= value, { what: `height ${value}`, timeoutMs: 20_000 });
const metric = async (name: string) => (await context.metrics.getSingleMetric(name)!.get()).values[0]?.value;
const message = (fields: Partial<CallMessage>) =>
  messageToWire({
    from: chain.accounts[0]!.address,
    to: storeContract,
    data: new Uint8Array(0),
    value: 0n,
    gasLimit: 0n,
    gasPrice: 0n,
    accessList: [],
    overrides: [],
    ...fields,
  });
async function refusal(run: Promise<unknown>): Promise<ChainErrorDetail> {
  const error = await run.catch((caught: unknown) => caught);
  if (!isChainError(error)) throw new Error(`was not refused: ${String(error)}`);
  return error.detail;
}

beforeAll(async () => {
  chain = await referenceChain(8);
  sealed = chain.sealed.slice(0, 6);
  folder = mkdtempSync(join(tmpdir(), 'sheaf-execution-'));
  writeFileSync(join(folder, 'chain.json'), JSON.stringify(chain.json));
  sequencer = await startTestSequencer(sealed);
  context = makeContext();
  member = createExecutionMember(context, { workerFile: await bundleWorker('apps/execution/src/main.ts') });
  await member.start();
  client = createRpcClient(executionV1.ExecutionServiceService, { address: `127.0.0.1:${member.grpcPort()}` }, {});
  bus = await connectBus({ url: testNatsUrl(), streamPrefix: prefix, name: 'test' }, { log: context.log });
  await reached(6n);
}, 60_000);

afterAll(async () => {
  client?.close();
  await bus?.close();
  await member?.stop();
  await sequencer?.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

test('blocks are those of the reference chain, by height, hash and head', async () => {
  const wanted = chain.blocks[2]!;
  for (const selector of [height(3n), { selector: { $case: 'hash' as const, value: hexToBuffer(wanted.hash) } }]) {
    const { block } = await client.getBlock({ block: selector }, { deadlineMs });
    expect(toHash32(block!.hash)).toBe(wanted.hash);
    expect(bytesToHex(block!.rlp)).toBe(bytesToHex(wanted.rlp));
    expect(block!.receipts).toHaveLength(2);
    expect(block!.dropped).toMatchObject([{ payloadIndex: 2, reason: 'NONCE_TOO_HIGH' }]);
  }
  const { block: start } = await client.getBlock({ block: height(0n) }, { deadlineMs });
  expect(toHash32(start!.hash)).toBe(chain.genesisHash);
  expect(await status()).toMatchObject({ height: 6n, oldestStateHeight: 0n });
  expect(await refusal(client.getBlock({ block: height(99n) }, { deadlineMs }))).toMatchObject({ code: 'NOT_FOUND' });
  const unknown = { selector: { $case: 'hash' as const, value: hexToBuffer(zeroHash) } };
  expect(await refusal(client.getBlock({ block: unknown }, { deadlineMs }))).toMatchObject({ code: 'NOT_FOUND' });
});

test('state is read at any height, with proofs from its root', async () => {
  const sender = hexToBuffer(chain.accounts[0]!.address);
  const at = async (block: ReturnType<typeof height> | undefined) =>
    (await client.getAccounts({ block, addresses: [sender] }, { deadlineMs })).accounts[0]!.nonce;
  expect([await at(height(0n)), await at(height(4n)), await at(undefined)]).toEqual([0n, 4n, 6n]);
  const slot = hexToBuffer(toHash32(new Uint8Array(32).fill(2)));
  const read = async (block: ReturnType<typeof height>) =>
    (await client.getStorage({ block, address: hexToBuffer(storeContract), slot }, { deadlineMs })).value.at(-1);
  expect([await read(height(1n)), await read(height(2n))]).toEqual([0, 2]);
  const proof = await client.getProof(
    { block: height(2n), address: hexToBuffer(storeContract), slots: [slot] },
    { deadlineMs },
  );
  expect(proof.storageProofs[0]!.value.length).toBe(32);
  expect(proof.accountProof.length).toBeGreaterThan(0);
  const { code } = await client.getCode({ block: undefined, address: hexToBuffer(revertContract) }, { deadlineMs });
  expect(bytesToHex(code)).toBe('0x5f355f5260205ffd');
});

test('bad wire messages are refused by field', async () => {
  const short = Buffer.alloc(3);
  expect(await refusal(client.getAccounts({ block: undefined, addresses: [short] }, { deadlineMs }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    field: 'addresses.0',
  });
  expect(await refusal(client.getAccounts({ block: undefined, addresses: [] }, { deadlineMs }))).toMatchObject({
    field: 'addresses',
  });
  expect(await refusal(client.call({ block: undefined, message: undefined }, { deadlineMs }))).toMatchObject({
    field: 'message',
  });
  expect(await refusal(client.getWitness({ block: height(0n) }, { deadlineMs }))).toMatchObject({
    field: 'block.height',
  });
});

test('calls run on old states; reverts, estimates and overdue calls end as promised', async () => {
  const word = hexToBytes(zeroHash);
  const revert = await client.call(
    { block: height(1n), message: message({ to: revertContract, data: word }) },
    { deadlineMs },
  );
  expect(revert).toMatchObject({ status: executionV1.CallStatus.CALL_STATUS_REVERT });
  expect(bytesToHex(revert.output)).toBe(zeroHash);
  const reverted = await refusal(
    client.estimateGas({ block: undefined, message: message({ to: revertContract, data: word }) }, { deadlineMs }),
  );
  expect(reverted).toMatchObject({ code: 'REJECTED', reason: 'REVERTED', data: zeroHash });
  const { gas } = await client.estimateGas(
    { block: undefined, message: message({ to: chain.accounts[1]!.address, value: 1n }) },
    { deadlineMs },
  );
  expect(gas).toBe(21_000n);
  const patient = { deadlineMs: 60_000 };
  const endless = () => client.call({ block: undefined, message: message({ to: burnContract }) }, patient);
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => refusal(endless())));
  expect(outcomes.map(({ code }) => code).sort()).toEqual(['DEADLINE', 'DEADLINE', 'DEADLINE', 'LIMIT', 'LIMIT']);
  const after = await client.call({ block: undefined, message: message({ data: new Uint8Array(64) }) }, { deadlineMs });
  expect(after.status).toBe(executionV1.CallStatus.CALL_STATUS_SUCCESS);
  expect(await metric('sheaf_execution_thread_restarts_total')).toBeGreaterThan(0);
}, 90_000);

test('traces have a thread of their own: one runs, some wait, more are refused, and calls are answered meanwhile', async () => {
  const tracer = { kind: 'call', onlyTopCall: false, withLog: true } as const;
  const trace = async (index: number): Promise<unknown> => {
    let text = '';
    const options = traceOptionsToWire({ tracer, timeoutMs: 0 });
    const pieces = client.traceBlock({ block: height(3n), transactionIndex: index, options }, { deadlineMs });
    for await (const { json } of pieces) text += json.toString();
    return JSON.parse(text);
  };
  const slot = bytesToHex(new Uint8Array(32).fill(3)).slice(2);
  expect(await trace(0)).toMatchObject({ type: 'CALL', gasUsed: '0x5208', value: '0x5' });
  expect(await trace(1)).toMatchObject({
    to: storeContract,
    input: `0x${slot}${slot}`,
    logs: [{ topics: [`0x${slot}`] }],
  });

  const stoppings: AbortController[] = [];
  const ended: string[] = [];
  const endless = async (): Promise<void> => {
    const options = traceOptionsToWire({ tracer, timeoutMs: 0 });
    const request = { block: undefined, message: message({ to: burnContract }), options };
    const stopping = new AbortController();
    stoppings.push(stopping);
    const pieces = client.traceCall(request, { signal: stopping.signal });
    const refused = refusal(
      (async () => {
        for await (const _ of pieces) break;
      })(),
    );
    ended.push((await refused).code);
  };
  const all = Promise.all(Array.from({ length: traceLimits.queueMax + 2 }, endless));
  await waitFor(() => ended.length > 0, { what: 'one too many' });
  const { status: answered } = await client.call(
    { block: undefined, message: message({ data: new Uint8Array(64) }) },
    { deadlineMs },
  );
  expect(answered).toBe(executionV1.CallStatus.CALL_STATUS_SUCCESS);
  expect(ended).toEqual(['LIMIT']);
  for (const stopping of stoppings) stopping.abort();
  await all;
  await waitFor(
    () =>
      trace(0).then(
        () => true,
        () => false,
      ),
    { what: 'those who have gone are forgotten' },
  );

  const options = traceOptionsToWire({ tracer, timeoutMs: 200 });
  const short = (async () => {
    const request = { block: undefined, message: message({ to: burnContract }), options };
    for await (const _ of client.traceCall(request, { deadlineMs })) break;
  })();
  expect(await refusal(short)).toMatchObject({ code: 'DEADLINE', message: expect.stringContaining('200 ms') });
  expect(await trace(0)).toMatchObject({ gasUsed: '0x5208' });
}, 60_000);

test('a witness suffices to make the block', async () => {
  for (const at of [1, 6]) {
    const witness = witnessFromWire(await client.getWitness({ block: height(BigInt(at)) }, { deadlineMs }), 'witness');
    const { payload, hash } = chain.sealed[at - 1]!;
    const parent = at === 1 ? undefined : chain.blocks[at - 2]!.header;
    const { block } = await client.getBlock({ block: height(BigInt(at - 1)) }, { deadlineMs });
    const { header } = decodeBlock(block!.rlp);
    expect(bytesToHex(witness.headers[0]!)).toBe(bytesToHex(encodeHeader(parent ?? header)));
    const engine = createEngine(chain.spec);
    const again = await engine.executePayload(
      { payload, payloadHash: hash, parent: header, ancestors: [header] },
      new WitnessState(decodeWitness(witness.state), header.stateRoot),
    );
    expect(again.block.hash).toBe(chain.blocks[at - 1]!.hash);
  }
});

test('a stream gives the stored blocks, then new ones; announcements are in order; a bad payload stops the head alone', async () => {
  const heights: bigint[] = [];
  const announced: bigint[] = [];
  const subscription = await bus.subscribe('blocks', ({ body }) => {
    announced.push(executionV1.BlockAnnouncement.decode(body).height);
  });
  const stopping = new AbortController();
  const streaming = (async () => {
    for await (const { block } of client.streamBlocks({ fromHeight: 4n }, { signal: stopping.signal }))
      heights.push(block!.height);
  })().catch(() => undefined);
  await waitFor(() => heights.length === 3, { what: 'the stored blocks' });

  const good = chain.sealed[6]!;
  const payload = { ...good.payload, parentHash: zeroHash };
  const bad = { payload, hash: payloadHash(payload) };
  sealed.push(bad);
  await announce(bus, bad);
  await waitFor(async () => (await metric('sheaf_execution_head_stopped')) === 1, { what: 'the alarm' });
  expect(member.health()).toMatchObject({
    ready: false,
    checks: { head: { ok: false, detail: expect.stringContaining('has parent') } },
  });
  expect(await status()).toMatchObject({ height: 6n });

  sealed.splice(6, 1, good, chain.sealed[7]!);
  await announce(bus, chain.sealed[7]!);
  await reached(8n);
  await waitFor(() => heights.length === 5 && announced.length >= 2, { what: 'the new blocks' });
  expect(heights).toEqual([4n, 5n, 6n, 7n, 8n]);
  expect(announced).toEqual([7n, 8n]);
  expect(await metric('sheaf_execution_head_stopped')).toBe(0);
  expect(toHash32((await status()).hash)).toBe(chain.blocks[7]!.hash);
  await waitFor(() => member.health().ready, { what: 'readiness' });
  stopping.abort();
  await streaming;
  await subscription.stop();
}, 30_000);
