// Goal: a height is stored whole or not at all, in order, with its state; damage or another chain is noticed.
// Method: a store in a temporary directory; damage is done through a second handle.
import { hexToBytes, toAddress, toHash32, toHeight } from '@sheaf/primitives';
import type { Payload } from '@sheaf/protocol';
import { emptyCodeHashBytes, type BlockChanges } from '@sheaf/state';
import { genesis } from '@sheaf/state-transition';
import { devChainSpec } from '@sheaf/testing';
import { open } from 'lmdb';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlockStore, BlockWriter, CommittedBlock } from '../ports.ts';
import { openBlockStore, openBlockWriter } from './block-store.ts';

const { spec } = devChainSpec();
const who = toAddress(`0x${'77'.repeat(20)}`);
let folder: string;
let store: BlockStore;
let writer: BlockWriter;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sheaf-lmdb-'));
  store = await openBlockStore(folder, spec);
  writer = openBlockWriter(folder, { heightsKept: 2, pendingHeightsMin: 1 });
});
afterEach(async () => {
  await writer.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The shape of a block; what is in it does not matter to the store. */
async function block(height: number): Promise<CommittedBlock> {
  const { header } = await genesis(spec);
  const payload: Payload = {
    chainId: spec.chainId,
    height: toHeight(height),
    epoch: 1n as Payload['epoch'],
    parentHash: toHash32(new Uint8Array(32)),
    timestamp: 1n,
    baseFeePerGas: 1n,
    gasLimit: 5_000n,
    feeRecipient: spec.feeRecipient,
    prevRandao: toHash32(new Uint8Array(32)),
    deposits: [],
    transactions: [],
  };
  const hash = toHash32(new Uint8Array(32).fill(height));
  return {
    record: { height: toHeight(height), hash, payloadHash: hash, rlp: Uint8Array.of(0xc0), receipts: [], dropped: [] },
    header: { ...header, number: toHeight(height) },
    payload,
    accessList: { accounts: [], codes: new Map(), codeReads: [] },
    ancestorsRead: 1,
    published: 0n,
  };
}

/** A block that leaves an account with the height as its balance. */
async function commit(height: number, change: (block: CommittedBlock) => CommittedBlock = (same) => same) {
  const account = { nonce: 0n, balance: BigInt(height), codeHash: emptyCodeHashBytes };
  const changes: BlockChanges = {
    accounts: [{ address: hexToBytes(who), account, storageWiped: false, slots: [] }],
    codes: new Map(),
  };
  const draft = writer.draft();
  draft.rootAfter(changes);
  writer.commit(change(await block(height)), draft);
}

const balanceAt = (height: number) => {
  store.refresh();
  return (store.stateAt(toHeight(height)).account(hexToBytes(who)) as { balance: bigint } | undefined)?.balance;
};

test('genesis is there, and every commit moves head, indexes and state together', async () => {
  expect(store.head()).toEqual({ height: 0n, hash: (await genesis(spec)).hash });
  for (const height of [1, 2, 3]) await commit(height);
  expect([1, 2, 3].map(balanceAt)).toEqual([1n, 2n, 3n]);
  const third = await block(3);
  expect(store.head()).toEqual({ height: 3n, hash: third.record.hash });
  expect(store.heightOf(third.record.hash)).toBe(3n);
  expect(store.header(toHeight(3))).toEqual(third.header);
  expect(store.payload(toHeight(3))).toEqual(third.payload);
  expect(store.reads(toHeight(3))).toEqual({ accessList: third.accessList, ancestors: 1 });
});

test('old states go in the maintenance, their blocks stay', async () => {
  for (const height of [1, 2, 3, 4]) await commit(height);
  expect(balanceAt(0)).toBeUndefined();
  while (writer.maintain());
  expect([2, 3, 4].map(balanceAt)).toEqual([2n, 3n, 4n]);
  expect(store.oldestState()).toBe(2n);
  expect(() => balanceAt(1)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  expect(store.reads(toHeight(1))).toBeUndefined();
  expect(store.block(toHeight(1))).toBeDefined();
});

test('a height out of turn is a CONFLICT and leaves nothing behind', async () => {
  await expect(commit(2)).rejects.toMatchObject({ code: 'CONFLICT' });
  store.refresh();
  expect(store.head().height).toBe(0n);
  expect(store.block(toHeight(2))).toBeUndefined();
});

test('a commit that fails leaves nothing behind', async () => {
  const broken = { transactions: [new Uint8Array(3_000_000)] };
  await expect(commit(1, (good) => ({ ...good, payload: { ...good.payload, ...broken } }))).rejects.toBeInstanceOf(
    Error,
  );
  expect(balanceAt(0)).toBeUndefined();
  store.refresh();
  expect(store.head().height).toBe(0n);
  await commit(1);
  expect(balanceAt(1)).toBe(1n);
});

test('the announced height survives a restart; another chain is refused', async () => {
  await commit(1, (block) => ({ ...block, published: 7n }));
  await store.close();
  store = await openBlockStore(folder, spec);
  expect(store.published()).toBe(7n);
  const other = { ...spec, genesis: { ...spec.genesis, timestamp: 1n } };
  await expect(openBlockStore(folder, other)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a row that is not what was written is DATA_LOSS', async () => {
  await commit(1);
  const raw = open({ path: folder, maxDbs: 32, overlappingSync: false, noSubdir: false, cache: false });
  const headers = raw.openDB<Uint8Array, Uint8Array>({ name: 'headers', encoding: 'binary', keyEncoding: 'binary' });
  const key = new Uint8Array(8).fill(1, 7);
  const row = Uint8Array.from(headers.get(key)!);
  row[20]! ^= 1;
  headers.putSync(key, row);
  store.refresh();
  expect(() => store.header(toHeight(1))).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
  await raw.close();
});
