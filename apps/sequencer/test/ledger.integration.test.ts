// Goal: one order. Whatever two would-be leaders do to one database, no height ever has two payloads, no stale epoch writes,
// and what was admitted is found again.
// Method: the ledger over real PostgreSQL; two holders race for the lease and seal as fast as they can; then single rules.
import { decodeTransaction, signTransaction, type Header } from '@sheaf/ethereum';
import {
  hexToBytes,
  isChainError,
  limits,
  toEpoch,
  toHash32,
  toHeight,
  zeroAddress,
  zeroHash,
  type Address,
  type Epoch,
  type Hash32,
  type Height,
} from '@sheaf/primitives';
import { decodePayloadAnnouncement } from '@sheaf/proto';
import { encodePayload, payloadHash, type Payload } from '@sheaf/protocol';
import { testContext } from '@sheaf/service';
import { migrate, openStore, type Store } from '@sheaf/store';
import { testDatabase, waitFor } from '@sheaf/testing';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { payloadMessage } from '../src/adapters/announcements.ts';
import { createLedger } from '../src/adapters/ledger.ts';
import { pendingTransaction, type PendingTransaction } from '../src/domain/pending-transaction.ts';
import { testSender } from '../src/domain/testing.ts';
import { stages, type Ledger } from '../src/ports.ts';

const { log } = testContext({});
let database: Awaited<ReturnType<typeof testDatabase>>;
let store: Store;
let ledger: Ledger;

beforeEach(async () => {
  database = await testDatabase();
  store = openStore({ url: database.url, applicationName: 'test' }, { log });
  await migrate(store, join(__dirname, '../migrations'));
  ledger = createLedger(store, { onOutbox: () => undefined });
});

afterEach(async () => {
  await store.close();
  await database.drop();
});

const lead = async (holder = 'a', reclaim = false): Promise<Epoch> => {
  const epoch = await ledger.acquireLease({ holder, ttlMs: 60_000, reclaim });
  expect(epoch).toBeDefined();
  return epoch!;
};

function transaction(nonce: bigint, arrival: bigint, fee = 100n): PendingTransaction {
  const fields = {
    type: 2,
    chainId: 7n,
    nonce,
    gasLimit: 21_000n,
    maxFeePerGas: fee,
    maxPriorityFeePerGas: 1n,
  } as const;
  const raw = signTransaction({ ...fields, to: zeroAddress }, new Uint8Array(32).fill(1));
  return pendingTransaction(decodeTransaction(raw), testSender(0), arrival, 1_000);
}

const pending = (tx: PendingTransaction) => ({ transaction: tx, stage: stages.pending, reason: '' });

function payload(height: Height, epoch: Epoch, parentHash: Hash32, transactions: Uint8Array[] = []): Payload {
  return {
    chainId: 7n,
    height,
    epoch,
    parentHash,
    timestamp: 1n,
    baseFeePerGas: 7n,
    gasLimit: 30_000_000n,
    feeRecipient: zeroAddress,
    prevRandao: zeroHash,
    deposits: [],
    transactions,
  };
}

async function seal(epoch: Epoch, value: Payload, hashes: Hash32[] = []): Promise<void> {
  const senders = hashes.map((_, place) => testSender(place));
  await ledger.seal(epoch, { payload: { value, hash: payloadHash(value), hashes, senders }, ended: [] });
}

describe('two would-be leaders', () => {
  test('hammering one database never show two payloads at one height', async () => {
    const target = 60n;
    const conflicts: unknown[] = [];
    // Each ignores the other: takes the lease by force whenever it loses it, and seals on top of what it sees.
    const hammer = async (holder: string): Promise<void> => {
      for (;;) {
        const [row] = await store.query<{ epoch: bigint }[]>`
          update lease set epoch = epoch + 1, holder = ${holder} returning epoch`;
        const epoch = toEpoch(row!.epoch);
        for (;;) {
          const { sealed } = await ledger.heads();
          if ((sealed?.height ?? 0n) >= target) return;
          try {
            await seal(epoch, payload(toHeight((sealed?.height ?? 0n) + 1n), epoch, sealed?.hash ?? zeroHash));
          } catch (error) {
            conflicts.push(error);
            break;
          }
        }
      }
    };
    await Promise.all([hammer('a'), hammer('b')]);
    const log = await ledger.payloads(1n, 1_000);
    expect(log.map(({ payload: { height } }) => height)).toEqual(
      Array.from({ length: log.length }, (_, i) => BigInt(i + 1)),
    );
    log.forEach(({ payload: { parentHash, epoch }, hash }, i) => {
      expect(parentHash).toBe(i === 0 ? zeroHash : log[i - 1]!.hash);
      expect(epoch).toBeGreaterThanOrEqual(i === 0 ? 1n : log[i - 1]!.payload.epoch);
      expect(hash).toBe(payloadHash(log[i]!.payload));
    });
    const announced = await store.query<{ id: string }[]>`
      select id from outbox where topic = 'payloads' order by sequence`;
    expect(announced.map(({ id }) => id)).toEqual(
      log.map(({ payload: { height }, hash }) => `payload:${height}:${hash}`),
    );
    // The race was one: both lost the epoch at least once.
    expect(conflicts.length).toBeGreaterThan(0);
    expect(conflicts.every((error) => isChainError(error, 'CONFLICT'))).toBe(true);
  });

  test('a takeover waits for the write in flight, and the next write of the old epoch conflicts', async () => {
    const old = await lead('a');
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let locked = false;
    const writing = store.transact(async (tx) => {
      await tx`select 1 from lease where epoch = ${old} for key share`;
      locked = true;
      await held;
    });
    await waitFor(() => locked);
    expect(await ledger.renewLease(old, 1)).toBe(true);
    let taken = false;
    const taking = store.query`update lease set epoch = epoch + 1, holder = 'b' returning epoch`.then(() => {
      taken = true;
    });
    await waitFor(async () => {
      const rows = await store.query`select 1 from pg_locks where not granted`;
      return rows.length > 0;
    });
    expect(taken).toBe(false);
    release();
    await writing;
    await taking;
    await expect(seal(old, payload(toHeight(1), old, zeroHash))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await ledger.heads()).sealed).toBeUndefined();
  });
});

test('the lease: one holder at a time, at once for the own name, free when released or expired', async () => {
  const first = await lead('a');
  const take = (holder: string, reclaim: boolean, ttlMs = 60_000) => ledger.acquireLease({ holder, ttlMs, reclaim });
  expect(await take('b', true)).toBeUndefined();
  expect(await take('a', false)).toBeUndefined();
  const second = await take('a', true);
  expect(second).toBe(first + 1n);
  expect(await ledger.renewLease(first, 1_000)).toBe(false);
  await ledger.releaseLease(second!);
  const third = await take('b', false, 1);
  expect(third).toBe(first + 2n);
  await waitFor(async () => (await take('c', false)) === first + 3n);
});

test('admitted transactions are found again, in order of arrival, with what they became', async () => {
  const epoch = await lead();
  const [a, b, c] = [transaction(0n, 1n), transaction(1n, 2n), transaction(1n, 3n, 200n)];
  await ledger.admit(epoch, { added: [pending(a), pending(b)], ended: [] });
  await ledger.admit(epoch, {
    added: [pending(c)],
    ended: [{ hash: b.hash, stage: stages.replaced, reason: `replaced by ${c.hash}` }],
  });
  expect(await ledger.loadMempool()).toEqual({ transactions: [a, c].map(asLoaded), nextArrival: 4n });
  expect(await ledger.transaction(b.hash)).toMatchObject({ stage: stages.replaced, reason: `replaced by ${c.hash}` });
  expect(await ledger.transaction(zeroHash)).toBeUndefined();

  await seal(epoch, payload(toHeight(1), epoch, zeroHash, [a.raw]), [a.hash]);
  expect(await ledger.transaction(a.hash)).toMatchObject({ stage: stages.sealed, height: 1n });
  expect(await ledger.ordered([a.hash, c.hash])).toEqual(new Set([a.hash]));
  const { transactions } = await ledger.loadMempool();
  expect(transactions.map((tx) => tx.sealedHeight)).toEqual([1n, undefined]);
});

const asLoaded = (tx: PendingTransaction) => ({ ...tx, raw: Buffer.from(tx.raw) });

test('a dropped transaction may come again, an included one may not', async () => {
  const epoch = await lead();
  const [tx, later] = [transaction(0n, 1n), transaction(1n, 2n)];
  await ledger.admit(epoch, { added: [pending(tx), pending(later)], ended: [] });
  await seal(epoch, payload(toHeight(1), epoch, zeroHash, [tx.raw]), [tx.hash]);
  await ledger.bindChain(epoch, 7n, zeroHash, header(0n));
  const dropped = [{ hash: tx.hash, reason: 'INSUFFICIENT_FUNDS' }];
  const ended = [{ hash: later.hash, stage: stages.dropped, reason: 'NONCE_GAP: nonce 0 was dropped' }];
  await ledger.applyBlock(epoch, { block: block(1n, dropped), finalizedHeight: 0n, ended });
  expect(await ledger.transaction(tx.hash)).toMatchObject({ stage: stages.dropped, reason: 'INSUFFICIENT_FUNDS' });
  expect(await ledger.transaction(later.hash)).toMatchObject({ stage: stages.dropped });

  await ledger.admit(epoch, { added: [pending({ ...tx, arrival: 9n })], ended: [] });
  expect(await ledger.transaction(tx.hash)).toMatchObject({ stage: stages.pending, reason: '', height: undefined });
  await seal(epoch, payload(toHeight(2), epoch, zeroHash, [tx.raw]), [tx.hash]);
  await ledger.applyBlock(epoch, { block: block(2n, []), finalizedHeight: 1n, ended: [] });
  expect(await ledger.transaction(tx.hash)).toMatchObject({ stage: stages.included, height: 2n });
  expect((await ledger.heads()).progress).toMatchObject({ executedHeight: 2n, finalizedHeight: 1n });
  await expect(ledger.admit(epoch, { added: [pending(tx)], ended: [] })).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('a write that does not find what it changes changes nothing', async () => {
  const epoch = await lead();
  const tx = transaction(0n, 1n);
  await expect(seal(epoch, payload(toHeight(1), epoch, zeroHash, [tx.raw]), [tx.hash])).rejects.toMatchObject({
    code: 'INTERNAL',
  });
  expect((await ledger.heads()).sealed).toBeUndefined();
  expect(await store.query`select 1 from outbox`).toHaveLength(0);
});

test('senders are logged and announced with their payload; a payload that was there before them has none', async () => {
  const older = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'sheaf-migrations-'));
  const upgraded = openStore({ url: older.url, applicationName: 'test' }, { log });
  try {
    cpSync(join(__dirname, '../migrations/0001-sequencer.sql'), join(folder, '0001-sequencer.sql'));
    await migrate(upgraded, folder);
    const before = payload(toHeight(1), toEpoch(1), zeroHash, [transaction(0n, 1n).raw]);
    await upgraded.query`
      insert into payloads (height, hash, epoch, rlp, transaction_count)
      values (1, ${hexToBytes(payloadHash(before))}, 1, ${encodePayload(before)}, 1)`;
    await migrate(upgraded, join(__dirname, '../migrations'));
    ledger = createLedger(upgraded, { onOutbox: () => undefined });

    const epoch = await lead();
    const transactions = [transaction(1n, 2n), transaction(2n, 3n)];
    await ledger.admit(epoch, { added: transactions.map(pending), ended: [] });
    const value = payload(
      toHeight(2),
      epoch,
      payloadHash(before),
      transactions.map(({ raw }) => raw),
    );
    const hashes = transactions.map(({ hash }) => hash);
    await seal(epoch, value, hashes);
    const [first, second] = await ledger.payloads(1n, 10);
    expect(first).toMatchObject({ hash: payloadHash(before), senders: undefined });
    const senders = [testSender(0), testSender(1)];
    expect(second!.senders).toEqual(Buffer.concat(senders.map((sender) => hexToBytes(sender))));
    const [announced] = await upgraded.query<{ body: Buffer }[]>`select body from outbox where topic = 'payloads'`;
    expect(decodePayloadAnnouncement(announced!.body)).toMatchObject({ height: 2n, senders });

    const short = { value: { ...value, height: toHeight(3) }, hash: zeroHash, hashes: [], senders: [testSender(0)] };
    await expect(ledger.seal(epoch, { payload: short, ended: [] })).rejects.toMatchObject({
      message: expect.stringContaining('payloads_senders_check'),
    });
  } finally {
    await upgraded.close();
    await older.drop();
    rmSync(folder, { recursive: true });
  }
});

test('a payload whose senders take it over the bus’ limit is announced by reference', async () => {
  const epoch = await lead();
  const count = 9_000;
  const raw = transaction(0n, 1n).raw;
  const transactions = Array.from({ length: count }, () => raw);
  const senders = transactions.map(() => testSender(0));
  const value = payload(toHeight(1), epoch, zeroHash, transactions);
  const bytes = encodePayload(value).length;
  const announced = (by: Address[]) =>
    decodePayloadAnnouncement(payloadMessage(value, payloadHash(value), by, bytes).body);
  expect(bytes).toBeLessThan(limits.busMessageBytesMax - 65_536);
  expect(bytes + 20 * count).toBeGreaterThan(limits.busMessageBytesMax - 65_536);
  expect(announced(senders)).toEqual({ height: 1n, hash: payloadHash(value), payload: undefined });
});

test('batches: what was begun is found again, certificates cover their heights, old blobs are let go', async () => {
  const epoch = await lead();
  let parent = zeroHash;
  for (const height of [1n, 2n, 3n].map((h) => toHeight(h))) {
    const value = payload(height, epoch, parent);
    await seal(epoch, value);
    parent = payloadHash(value);
  }
  const [one, two, three] = await ledger.payloads(1n, 10);
  const batch = (first: bigint, last: bigint, lastPayloadHash: Hash32, fill: number) => ({
    statement: {
      chainId: 7n,
      namespace: 'payloads',
      firstHeight: toHeight(first),
      lastHeight: toHeight(last),
      lastPayloadHash,
      commitments: [Buffer.alloc(48, fill), Buffer.alloc(48, fill + 1)],
    },
    blobs: [Buffer.alloc(131_072, fill), Buffer.alloc(131_072, fill + 1)],
  });
  expect(one!.payload.height).toBe(1n);
  const first = batch(1n, 2n, two!.hash, 1);
  await ledger.createBatch(epoch, first);
  const open = await ledger.openBatch(7n);
  expect(open?.statement).toEqual(first.statement);
  expectBlobs(open?.blobs, first.blobs);
  expect(await ledger.certificate(1n, 7n)).toBeUndefined();
  expect((await ledger.unbatched(10)).map(({ height }) => height)).toEqual([3n]);

  const certificate = { statement: first.statement, signers: [0, 1], signature: Buffer.alloc(96, 7) };
  await ledger.certify(epoch, certificate, 1);
  expect(await ledger.openBatch(7n)).toBeUndefined();
  expect(await ledger.certificate(2n, 7n)).toEqual(certificate);
  expect(await ledger.certificate(3n, 7n)).toBeUndefined();
  expectBlobs(await ledger.blobs(1n), first.blobs);
  expect((await ledger.heads()).safe).toBe(2n);
  await expect(ledger.certify(epoch, certificate, 1)).rejects.toMatchObject({ code: 'INTERNAL' });

  const second = batch(3n, 3n, three!.hash, 5);
  await ledger.createBatch(epoch, second);
  await ledger.certify(epoch, { ...certificate, statement: second.statement }, 1);
  expect(await ledger.blobs(1n)).toBeUndefined();
  expect(await ledger.certificate(1n, 7n)).toEqual(certificate);
  expectBlobs(await ledger.blobs(3n), second.blobs);
  const ids = await store.query<{ id: string }[]>`select id from outbox where topic = 'certificates' order by sequence`;
  expect(ids.map(({ id }) => id)).toEqual([`certificate:1:${two!.hash}`, `certificate:3:${three!.hash}`]);
});

/** Deep equality of 131,072 bytes element by element takes jest a second. */
function expectBlobs(found: readonly Uint8Array[] | undefined, wanted: readonly Buffer[]): void {
  expect(found?.map((blob, i) => wanted[i]?.equals(blob))).toEqual(wanted.map(() => true));
}

function header(number: bigint): Header {
  return {
    parentHash: zeroHash,
    ommersHash: zeroHash,
    coinbase: zeroAddress,
    stateRoot: zeroHash,
    transactionsRoot: zeroHash,
    receiptsRoot: zeroHash,
    logsBloom: new Uint8Array(256),
    difficulty: 0n,
    number: toHeight(number),
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: number,
    extraData: new Uint8Array(0),
    prevRandao: zeroHash,
    nonce: new Uint8Array(8),
    baseFeePerGas: 7n,
    withdrawalsRoot: zeroHash,
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: zeroHash,
    requestsHash: zeroHash,
  };
}

function block(height: bigint, dropped: { hash: Hash32; reason: string }[]) {
  const hash = toHash32(new Uint8Array(32).fill(Number(height)));
  return { height: toHeight(height), hash, payloadHash: zeroHash, header: header(height), dropped };
}
