// Goal: the sequencer's whole contract over its real edges: admission with precise reasons, sealing, following, publishing,
// reads, lag bounds, leadership.
// Method: the service in this process with real PostgreSQL, NATS, gRPC and worker threads; execution, settlement and DA nodes
// are small real gRPC servers that the test can hold, stop or let lie.
import { blsFastAggregateVerify, keccak256 } from '@sheaf/crypto';
import { decodeTransaction, recoverSender, signTransaction } from '@sheaf/ethereum';
import { bytesToBigint, hexToBytes, toAddress } from '@sheaf/primitives';
import { certificateFromWire, payloadFromWire, sendersFromWire, sequencerV1 } from '@sheaf/proto';
import { payloadHash, unpackPayloads, verifyCertificate } from '@sheaf/protocol';
import {
  closeSharedCells,
  createWorld,
  deadline,
  eventually,
  status,
  submit,
  type SequencerClient,
  type World,
} from './world.ts';

// Every sequencer loads the KZG setup; on two busy cores that takes its time.
jest.setTimeout(180_000);

const { TransactionStage } = sequencerV1;
const hashOf = (raw: Uint8Array) => Buffer.from(keccak256(raw));
const stageOf = async (client: SequencerClient, raw: Buffer) =>
  (await client.getTransaction({ hash: hashOf(raw) }, deadline)).stage;

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.stop());
afterAll(closeSharedCells);

/** A leading sequencer whose payloads are executed. */
async function startChain(change: Record<string, string> = {}) {
  const started = await world.startSequencer(change);
  world.execution.follow(started.address);
  return started;
}

test('a transfer is durable, sealed, executed, certified and final; everything can be read', async () => {
  const { client } = await startChain();
  const raws = [0, 1, 2].map((nonce) => world.transfer(0, nonce));
  expect(await submit(client, ...raws)).toEqual(['ACCEPTED', 'ACCEPTED', 'ACCEPTED']);
  await eventually(async () => (await stageOf(client, raws[2]!)) === TransactionStage.TRANSACTION_STAGE_INCLUDED);
  expect(await submit(client, raws[0]!)).toEqual(['KNOWN']);
  expect(await client.getPendingNonce({ address: addressOf(0) }, deadline)).toEqual({ nonce: 3n });

  const { height } = await client.getTransaction({ hash: hashOf(raws[0]!) }, deadline);
  const response = await client.getPayload({ height }, deadline);
  const payload = payloadFromWire(response.payload, 'payload');
  expect(response.hash).toEqual(Buffer.from(hexToBytes(payloadHash(payload))));
  expect(payload.transactions[0]).toEqual(raws[0]);
  const senders = payload.transactions.map((raw) => recoverSender(decodeTransaction(raw)));
  expect(sendersFromWire(response.senders, payload.transactions.length, 'senders')).toEqual(senders);

  await eventually(async () => (await status(client)).safeHeight >= height, { what: 'a certificate' });
  const { certificate } = await client.getCertificate({ height }, deadline);
  const certified = certificateFromWire(certificate, 'certificate');
  expect(await verifyCertificate(certified, world.chain.spec.da, blsFastAggregateVerify)).toBe(true);
  const { blobs } = await client.getBatch({ height }, deadline);
  const published = unpackPayloads(blobs);
  expect(published.map(payloadHash)).toContain(payloadHash(payload));
  await eventually(async () => (await status(client)).finalizedHeight >= height, { what: 'finality' });
  const { nextBaseFeePerGas, epoch, mempoolTransactions } = await status(client);
  expect(epoch).toBe(1n);
  expect(mempoolTransactions).toBe(0n);
  expect(bytesToBigint(nextBaseFeePerGas)).toBeLessThan(10n ** 9n);
});

const addressOf = (account: number) => Buffer.from(hexToBytes(world.chain.accounts[account]!.address));

test('every bad transaction gets its precise reason, and nothing of it is stored', async () => {
  const { client } = await startChain({ SHEAF_GAP_WAIT_MS: '20' });
  const good = world.transfer(0, 0);
  const poorKey = new Uint8Array(32).fill(7);
  const poor = signTransaction(
    {
      type: 2,
      chainId: world.chain.spec.chainId,
      nonce: 0n,
      gasLimit: 21_000n,
      maxFeePerGas: 10n ** 10n,
      to: toAddress(new Uint8Array(20)),
      value: 0n,
    },
    poorKey,
  );
  expect(await submit(client, good)).toEqual(['ACCEPTED']);
  await eventually(async () => (await stageOf(client, good)) === TransactionStage.TRANSACTION_STAGE_INCLUDED);
  const cases: [string, Buffer][] = [
    ['MALFORMED', Buffer.from('02f8', 'hex')],
    ['MALFORMED', Buffer.concat([world.transfer(1, 0), Buffer.from([0])])],
    ['UNSUPPORTED', Buffer.from([5, 0xc0])],
    ['TRANSACTION_TOO_LARGE', Buffer.alloc(131_073, 2)],
    ['WRONG_CHAIN', world.transfer(1, 0, { chainId: 1n })],
    ['UNSUPPORTED', world.transfer(1, 0, { type: 0, chainId: undefined, gasPrice: 10n ** 10n } as never)],
    [
      'BLOB_TRANSACTION',
      world.transfer(1, 0, { type: 3, maxFeePerBlobGas: 1n, blobVersionedHashes: [`0x01${'00'.repeat(31)}`] } as never),
    ],
    ['INVALID_SIGNATURE', highS(world.transfer(1, 0))],
    ['INTRINSIC_GAS', world.transfer(1, 0, { gasLimit: 20_999n })],
    ['GAS_LIMIT_EXCEEDED', world.transfer(1, 0, { gasLimit: 16_777_217n })],
    ['INITCODE_TOO_LARGE', world.transfer(1, 0, { to: undefined, data: new Uint8Array(49_153), gasLimit: 9_000_000n })],
    ['FEE_CAP_TOO_LOW', world.transfer(1, 0, { maxFeePerGas: 10n, maxPriorityFeePerGas: 11n })],
    ['UNDERPRICED', world.transfer(1, 0, { maxFeePerGas: 6n, maxPriorityFeePerGas: 0n })],
    ['NONCE_TOO_LOW', world.transfer(0, 0, { value: 2n })],
    ['NONCE_GAP', world.transfer(1, 5)],
    ['INSUFFICIENT_FUNDS', Buffer.from(poor)],
    ['INSUFFICIENT_FUNDS', world.transfer(1, 0, { value: 10n ** 22n })],
  ];
  expect(await submit(client, ...cases.map(([, raw]) => raw))).toEqual(cases.map(([reason]) => reason));
  for (const [, raw] of cases) {
    await expect(client.getTransaction({ hash: hashOf(raw) }, deadline)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  }
  expect(await submit(client, world.transfer(1, 0))).toEqual(['ACCEPTED']);
});

/** The other of the two s values that sign the same: valid to secp256k1, refused by EIP-2. */
function highS(raw: Buffer): Buffer {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const s = order - decodeTransaction(raw).s;
  return Buffer.concat([raw.subarray(0, -32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
}

test('bad requests name the field', async () => {
  const { client } = await world.startSequencer();
  const refused = (field: string) =>
    expect.objectContaining({ detail: expect.objectContaining({ code: 'INVALID_ARGUMENT', field }) });
  await expect(client.submitTransactions({ transactions: [] }, deadline)).rejects.toEqual(refused('transactions'));
  const many = Array.from({ length: 501 }, () => Buffer.from([1]));
  await expect(client.submitTransactions({ transactions: many }, deadline)).rejects.toEqual(refused('transactions'));
  await expect(client.getTransaction({ hash: Buffer.alloc(31) }, deadline)).rejects.toEqual(refused('hash'));
  await expect(client.getPendingNonce({ address: Buffer.alloc(0) }, deadline)).rejects.toEqual(refused('address'));
  await expect(client.getPayload({ height: 0n }, deadline)).rejects.toEqual(refused('height'));
  await expect(client.getPayload({ height: 9n }, deadline)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.getCertificate({ height: 9n }, deadline)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.getBatch({ height: 9n }, deadline)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('concurrent wallets: nonces that arrive in any order through many calls are all included in order', async () => {
  const { client } = await startChain();
  const raws = Array.from({ length: 60 }, (_, nonce) => world.transfer(2, nonce));
  const shuffled = raws.map((_, i) => raws[(i * 37) % raws.length]!);
  const words = await Promise.all(shuffled.map((raw) => submit(client, raw)));
  expect(new Set(words.flat())).toEqual(new Set(['ACCEPTED']));
  await eventually(async () => (await stageOf(client, raws[59]!)) === TransactionStage.TRANSACTION_STAGE_INCLUDED);
  const order = world.execution.payloads.flatMap(({ transactions }) =>
    transactions.map((raw) => decodeTransaction(raw).nonce),
  );
  expect(order).toEqual(raws.map((_, i) => BigInt(i)));
});

test('the same transaction many times at once is stored once and accepted every time', async () => {
  const { client } = await startChain();
  const raw = world.transfer(3, 0);
  const words = (await Promise.all(Array.from({ length: 20 }, () => submit(client, raw, raw)))).flat();
  expect(words.filter((word) => word === 'ACCEPTED')).toHaveLength(1);
  expect(words.filter((word) => word === 'KNOWN')).toHaveLength(39);
  await eventually(async () => (await stageOf(client, raw)) === TransactionStage.TRANSACTION_STAGE_INCLUDED);
  expect(world.execution.payloads.flatMap(({ transactions }) => transactions)).toHaveLength(1);
});

test('replacement: the loser says by whom, and only the winner is sealed', async () => {
  const { client } = await startChain({ SHEAF_SEAL_INTERVAL_MS: '400' });
  const fee = (gwei: bigint) => ({ maxFeePerGas: gwei * 10n ** 9n, maxPriorityFeePerGas: gwei * 10n ** 8n });
  world.execution.held = true;
  const blocker = world.transfer(1, 0);
  await submit(client, blocker);
  await eventually(async () => (await status(client)).sealedHeight === 1n);
  const [first, strong] = [world.transfer(0, 0, fee(10n)), world.transfer(0, 0, fee(11n))];
  expect(await submit(client, first)).toEqual(['ACCEPTED']);
  expect(await submit(client, world.transfer(0, 0, { ...fee(10n), value: 9n }))).toEqual(['REPLACEMENT_UNDERPRICED']);
  expect(await submit(client, first)).toEqual(['KNOWN']);
  expect(await submit(client, strong)).toEqual(['ACCEPTED']);
  expect(await submit(client, world.transfer(1, 0, { ...fee(99n) }))).toEqual(['NONCE_TOO_LOW']);
  world.execution.release();
  await eventually(async () => (await stageOf(client, strong)) === TransactionStage.TRANSACTION_STAGE_INCLUDED);
  const loser = await client.getTransaction({ hash: hashOf(first) }, deadline);
  expect(loser).toMatchObject({
    stage: TransactionStage.TRANSACTION_STAGE_REPLACED,
    reason: `replaced by 0x${hashOf(strong).toString('hex')}`,
  });
});

test('what execution drops is dropped with its reason, later nonces follow, and it may come again', async () => {
  const { client } = await startChain({ SHEAF_SEAL_INTERVAL_MS: '50' });
  world.execution.held = true;
  const [doomed, later] = [world.transfer(0, 0), world.transfer(0, 1)];
  world.execution.dropping.set(`0x${hashOf(doomed).toString('hex')}` as never, 'INSUFFICIENT_FUNDS');
  await submit(client, doomed);
  await eventually(async () => (await status(client)).sealedHeight === 1n);
  expect(await submit(client, later)).toEqual(['ACCEPTED']);
  world.execution.release();
  await eventually(async () => (await stageOf(client, later)) === TransactionStage.TRANSACTION_STAGE_DROPPED);
  expect(await client.getTransaction({ hash: hashOf(doomed) }, deadline)).toMatchObject({
    stage: TransactionStage.TRANSACTION_STAGE_DROPPED,
    reason: 'INSUFFICIENT_FUNDS',
  });
  expect((await client.getTransaction({ hash: hashOf(later) }, deadline)).reason).toBe(
    'NONCE_GAP: nonce 0 was dropped with INSUFFICIENT_FUNDS',
  );
  world.execution.dropping.clear();
  expect(await submit(client, doomed, later)).toEqual(['ACCEPTED', 'ACCEPTED']);
  await eventually(async () => (await stageOf(client, later)) === TransactionStage.TRANSACTION_STAGE_INCLUDED);
});

test('an idle chain beats, a busy one fills blocks; heights, parents, times and base fees follow', async () => {
  const { client, address } = await startChain({ SHEAF_HEARTBEAT_MS: '150', SHEAF_SEAL_INTERVAL_MS: '50' });
  await eventually(() => world.execution.payloads.length >= 4);
  const streamed: sequencerV1.StreamPayloadsResponse[] = [];
  for await (const item of world.connect(address).streamPayloads({ fromHeight: 2n }, deadline)) {
    streamed.push(item);
    if (streamed.length === 4) break;
  }
  expect(streamed.map(({ payload }) => payload!.height)).toEqual([2n, 3n, 4n, 5n]);
  const payloads = world.execution.payloads;
  payloads.slice(1).forEach((payload, i) => {
    expect(payload.parentHash).toBe(payloadHash(payloads[i]!));
    expect(payload.timestamp).toBeGreaterThanOrEqual(payloads[i]!.timestamp);
    expect(payload.baseFeePerGas).toBeLessThan(payloads[i]!.baseFeePerGas);
  });
  expect((await status(client)).sealedHeight).toBeGreaterThanOrEqual(5n);
});

test('lag: when finality stays away admission says when to come back, known ones stay known, and it goes on afterwards', async () => {
  let finalized = 0n;
  world.settlement.finalized = () => finalized;
  const { client } = await startChain({
    SHEAF_FINALIZED_LAG_MAX: '3',
    SHEAF_HEARTBEAT_MS: '100',
    SHEAF_SEAL_INTERVAL_MS: '10',
  });
  await eventually(async () => (await status(client)).sealedHeight === 3n);
  const { results } = await client.submitTransactions({ transactions: [world.transfer(0, 0)] }, deadline);
  expect(results[0]).toMatchObject({ accepted: false, reason: 'LAGGING', retryAfterMs: 1_000 });
  expect((await status(client)).sealedHeight).toBe(3n);
  finalized = 3n;
  await eventually(async () => (await submit(client, world.transfer(0, 0)))[0] !== 'LAGGING');
});

test('a data-availability node that is down or lies holds the safe head, not the chain; then the same statement is certified', async () => {
  const [honest, other] = world.daNodes;
  other!.down = true;
  const { client, service } = await startChain({ SHEAF_HEARTBEAT_MS: '100' });
  await eventually(async () => honest!.statements.length > 0 && (await status(client)).sealedHeight > 2n);
  expect((await status(client)).safeHeight).toBe(0n);
  other!.lying = true;
  other!.down = false;
  await eventually(() => other!.statements.length > 0);
  expect((await status(client)).safeHeight).toBe(0n);
  // A restart sends the statement that was begun, not another one.
  await service.stop();
  const again = await world.startSequencer({ SHEAF_HEARTBEAT_MS: '100' });
  other!.lying = false;
  await eventually(async () => (await status(again.client)).safeHeight > 0n, { what: 'a certificate' });
  const certified = certificateFromWire(
    (await again.client.getCertificate({ height: 1n }, deadline)).certificate,
    'certificate',
  );
  expect(certified.statement).toEqual(honest!.statements[0]);
  expect(certified.signers).toEqual([0, 1]);
});

test('a standby reads and stands by, takes over when the leader is gone, and the order goes on in a new epoch', async () => {
  const leader = await startChain({ SHEAF_LEASE_MS: '600' });
  const standby = await world.startSequencer({ SHEAF_HOLDER_ID: 'two', SHEAF_LEASE_MS: '600' });
  const raw = world.transfer(0, 0);
  await submit(leader.client, raw);
  await eventually(async () => (await stageOf(standby.client, raw)) === TransactionStage.TRANSACTION_STAGE_INCLUDED);
  await expect(submit(standby.client, raw)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await status(standby.client)).toMatchObject({ epoch: 0n, sealedHeight: 1n, executedHeight: 1n });
  world.execution.held = true;
  const pending = [world.transfer(0, 1), world.transfer(1, 0)];
  expect(await submit(leader.client, ...pending)).toEqual(['ACCEPTED', 'ACCEPTED']);
  await leader.service.stop();
  await eventually(async () => (await status(standby.client)).epoch === 2n, { what: 'the standby to lead' });
  world.execution.release();
  world.execution.follow(standby.address);
  const next = world.transfer(0, 2);
  expect(await submit(standby.client, next)).toEqual(['ACCEPTED']);
  for (const one of [...pending, next]) {
    await eventually(async () => (await stageOf(standby.client, one)) === TransactionStage.TRANSACTION_STAGE_INCLUDED);
  }
  expect(world.execution.payloads.map(({ height }) => height)).toEqual(
    world.execution.payloads.map((_, i) => BigInt(i + 1)),
  );
});
