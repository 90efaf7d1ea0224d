// Goal: a height is stored whole or not at all, in order, and damage or another chain is noticed.
// Method: a store in a temporary directory; damage is done through a second handle.
import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, hexToBytes, toHash32, toHeight, type Hash32 } from '@sheaf/primitives';
import type { Payload } from '@sheaf/protocol';
import { genesis } from '@sheaf/state-transition';
import { devChainSpec } from '@sheaf/testing';
import { open } from 'lmdb';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommittedBlock, StateStore } from '../ports.ts';
import { openLmdbStore } from './lmdb-store.ts';

const { spec } = devChainSpec();
let folder: string;
let store: StateStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sheaf-lmdb-'));
  store = await openLmdbStore({ dataDir: folder, witnessesKept: 2 }, spec);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The shape of a block; what is in it does not matter to the store. */
async function block(height: number): Promise<CommittedBlock> {
  const { header } = await genesis(spec);
  const node = new Uint8Array(40).fill(height);
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
    changes: { nodes: new Map([[bytesToHex(keccak256(node)) as Hash32, node]]), codes: new Map() },
    witness: { nodes: [node], codes: [], headers: [Uint8Array.of(0xc0)] },
  };
}

test('genesis is there, and every commit moves head, indexes and witnesses together', async () => {
  expect(store.head()).toEqual({ height: 0n, hash: (await genesis(spec)).hash });
  for (const height of [1, 2, 3]) store.commit(await block(height));
  store.refresh();
  const third = await block(3);
  expect(store.head()).toEqual({ height: 3n, hash: third.record.hash });
  expect(store.heightOf(third.record.hash)).toBe(3n);
  expect(store.header(toHeight(3))).toEqual(third.header);
  expect(store.payload(toHeight(3))).toEqual(third.payload);
  expect([1, 2, 3].map((height) => store.witness(toHeight(height)) !== undefined)).toEqual([false, true, true]);
});

test('a height out of turn is a CONFLICT and leaves nothing behind', async () => {
  const second = await block(2);
  expect(() => store.commit(second)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
  expect(store.node([...second.changes.nodes.keys()][0]!)).toBeUndefined();
});

test('a commit that fails half-way leaves nothing behind', async () => {
  const first = await block(1);
  const broken = { ...first, payload: { ...first.payload, transactions: [new Uint8Array(3_000_000)] } };
  expect(() => store.commit(broken)).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  store.refresh();
  expect(store.head().height).toBe(0n);
  expect(store.node([...first.changes.nodes.keys()][0]!)).toBeUndefined();
  store.commit(first);
  store.refresh();
  expect(store.head().height).toBe(1n);
});

test('the announced height survives a restart; another chain is refused', async () => {
  await store.setPublished(7n);
  await store.close();
  store = await openLmdbStore({ dataDir: folder, witnessesKept: 2 }, spec);
  expect(store.published()).toBe(7n);
  const other = { ...spec, genesis: { ...spec.genesis, timestamp: 1n } };
  await expect(openLmdbStore({ dataDir: folder, witnessesKept: 2 }, other)).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a node that does not hash to its key any more is DATA_LOSS', async () => {
  const first = await block(1);
  store.commit(first);
  const hash = [...first.changes.nodes.keys()][0]!;
  const raw = open({ path: folder, maxDbs: 16, overlappingSync: false, noSubdir: false, cache: false });
  raw
    .openDB<Uint8Array, Uint8Array>({ name: 'nodes', encoding: 'binary', keyEncoding: 'binary' })
    .putSync(hexToBytes(hash), Uint8Array.of(1));
  store.refresh();
  expect(() => store.node(hash)).toThrow(expect.objectContaining({ code: 'DATA_LOSS' }));
  await raw.close();
});
