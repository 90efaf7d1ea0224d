// Goal: nothing is stored or signed unless it is this chain's, complete, verified and the only statement for its heights; known ones are signed again.
// Method: a repository in memory that counts writes; every refusal is followed by a look at what is stored.
import { blsPublicKey, blsVerify } from '@sheaf/crypto';
import { equalBytes, toHash32, toHeight } from '@sheaf/primitives';
import { batchDigest, type BatchStatement } from '@sheaf/protocol';
import type { BatchRepository, CustodyCell, StoredBatch } from '../ports.ts';
import { conflict, createCustodian } from './custodian.ts';

const secretKey = new Uint8Array(32).fill(5);
const columns = [2, 3];

function statement(first: number, last: number, changes: Partial<BatchStatement> = {}): BatchStatement {
  return {
    chainId: 7n,
    namespace: 'payloads',
    firstHeight: toHeight(first),
    lastHeight: toHeight(last),
    lastPayloadHash: toHash32(new Uint8Array(32).fill(last)),
    commitments: [new Uint8Array(48).fill(first)],
    ...changes,
  };
}

const blob = (at = columns): CustodyCell[] =>
  at.map((column) => ({ column, cell: new Uint8Array(2048), proof: new Uint8Array(48) }));

function setUp(valid = true) {
  const stored: StoredBatch[] = [];
  const overlap = (namespace: string, first: bigint, last: bigint) =>
    stored.find(({ statement: s }) => s.namespace === namespace && s.lastHeight >= first && s.firstHeight <= last);
  const repository: BatchRepository = {
    findOverlap: (...range) => Promise.resolve(overlap(...range)),
    store({ digest, statement: added }) {
      const known = overlap(added.namespace, added.firstHeight, added.lastHeight);
      if (known && !equalBytes(known.digest, digest)) return Promise.reject(conflict(added, known));
      if (!known) stored.push({ digest, statement: added });
      return Promise.resolve();
    },
    cells: () => Promise.resolve(undefined),
    counts: () => Promise.resolve({ height: 0n, blobs: 0n }),
  };
  let verified = 0;
  const verifier = { verifyCells: () => (verified++, Promise.resolve(valid)) };
  const custodian = createCustodian({ chainId: 7n, columns, secretKey }, { repository, verifier });
  return { custodian, stored, verified: () => verified };
}

test('stores, signs, and signs a known statement again without verifying', async () => {
  const { custodian, stored, verified } = setUp();
  const signature = await custodian.storeBatch(statement(1, 3), [blob()]);
  expect(blsVerify(blsPublicKey(secretKey), batchDigest(statement(1, 3)), signature)).toBe(true);
  expect(await custodian.storeBatch(statement(1, 3), [])).toEqual(signature);
  expect(stored).toHaveLength(1);
  expect(verified()).toBe(1);
});

test.each([
  ['another chain', statement(1, 1, { chainId: 8n }), [blob()], { code: 'REJECTED', reason: 'WRONG_CHAIN' }],
  ['a missing blob', statement(1, 1), [], { code: 'INVALID_ARGUMENT', field: 'blobs' }],
  ['a missing column', statement(1, 1), [blob([2])], { code: 'INVALID_ARGUMENT', field: 'blobs.0.cells' }],
  ['a foreign column', statement(1, 1), [blob([2, 4])], { code: 'INVALID_ARGUMENT', field: 'blobs.0.cells' }],
])('refuses %s', async (_what, asked, blobs, detail) => {
  const { custodian, stored } = setUp();
  await expect(custodian.storeBatch(asked, blobs)).rejects.toMatchObject({ detail });
  expect(stored).toEqual([]);
});

test('refuses cells that do not verify', async () => {
  const { custodian, stored } = setUp(false);
  await expect(custodian.storeBatch(statement(1, 1), [blob()])).rejects.toMatchObject({
    detail: { reason: 'INVALID_CELLS' },
  });
  expect(stored).toEqual([]);
});

test.each([
  [3, 5],
  [1, 2],
  [2, 2],
])('refuses heights %d to %d after 1 to 3', async (first, last) => {
  const { custodian, stored } = setUp();
  await custodian.storeBatch(statement(1, 3), [blob()]);
  await expect(custodian.storeBatch(statement(first, last), [blob()])).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(stored).toHaveLength(1);
  await custodian.storeBatch(statement(4, 4), [blob()]);
  await custodian.storeBatch(statement(1, 3, { namespace: 'photos' }), [blob()]);
  expect(stored).toHaveLength(3);
});
