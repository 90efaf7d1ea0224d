// Goal: EIP-7594's properties hold through the worker: any 64 columns restore the blob, nothing altered verifies.
// Method: one worker with the trusted setup; pseudo-random blobs, fast-check picks columns and the bit to alter.
import { concatBytes, isChainError } from '@sheaf/primitives';
import { bundleWorker } from '@sheaf/testing';
import fc from 'fast-check';
import { createCryptoWorker, kzg, type CryptoWorker } from '../src/index.ts';

/** Deterministic bytes with every field element below the modulus. */
const makeBlob = (seed: number) => {
  let state = seed;
  return Uint8Array.from({ length: kzg.blobBytes }, (_, index) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return index % 32 === 0 ? 0 : state >>> 24;
  });
};
const flip = (bytes: Uint8Array, bit: number) => bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));

let worker: CryptoWorker;
const blob = makeBlob(1);
let commitment: Uint8Array;
let otherCommitment: Uint8Array;
let cells: Uint8Array[];
let proofs: Uint8Array[];

beforeAll(async () => {
  const workerFile = await bundleWorker('libs/crypto/test/worker-main.ts');
  worker = await createCryptoWorker({ workerFile, kzg: true });
  commitment = await worker.blobToCommitment(blob);
  otherCommitment = await worker.blobToCommitment(makeBlob(2));
  ({ cells, proofs } = await worker.computeCells(blob));
});
afterAll(() => worker.close());

const verify = (columns: number[], change: { cell?: Uint8Array; proof?: Uint8Array; commitment?: Uint8Array } = {}) =>
  worker.verifyCells(
    columns.map((_, index) => (index === 0 ? (change.commitment ?? commitment) : commitment)),
    columns,
    columns.map((column, index) => (index === 0 ? (change.cell ?? cells[column]!) : cells[column]!)),
    columns.map((column, index) => (index === 0 ? (change.proof ?? proofs[column]!) : proofs[column]!)),
  );

test('128 cells; the first half is the blob; arguments stay whole', async () => {
  expect(cells.map((cell) => cell.length)).toEqual(new Array(128).fill(kzg.cellBytes));
  expect(proofs.map((proof) => proof.length)).toEqual(new Array(128).fill(kzg.proofBytes));
  expect(Buffer.compare(concatBytes(...cells.slice(0, 64)), blob)).toBe(0);
  expect(blob.length).toBe(kzg.blobBytes);
  expect(commitment).not.toEqual(otherCommitment);
});

test('all cells verify, of two blobs at once too, and no cells at all', async () => {
  expect(await verify([...Array(128).keys()])).toBe(true);
  const other = await worker.computeCells(makeBlob(2));
  expect(
    await worker.verifyCells(
      [commitment, otherCommitment],
      [5, 5],
      [cells[5]!, other.cells[5]!],
      [proofs[5]!, other.proofs[5]!],
    ),
  ).toBe(true);
  expect(await worker.verifyCells([], [], [], [])).toBe(true);
});

test('any 64 or more columns restore the blob', async () => {
  const columnsArbitrary = fc
    .uniqueArray(fc.nat(127), { minLength: 64, maxLength: 128 })
    .map((list) => list.sort((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(columnsArbitrary, async (columns) => {
      const restored = await worker.recoverBlob(
        columns,
        columns.map((column) => cells[column]!),
      );
      expect(Buffer.compare(restored, blob)).toBe(0);
    }),
    { numRuns: 5, examples: [[[...Array(128).keys()].slice(64)], [[...Array(128).keys()].slice(0, 64)]] },
  );
});

test('an altered cell, proof, column or commitment does not verify', async () => {
  const bit = (bytes: number) => fc.nat(bytes * 8 - 1);
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(127), { minLength: 1, maxLength: 4 }),
      bit(kzg.cellBytes),
      bit(kzg.proofBytes),
      bit(kzg.commitmentBytes),
      fc.nat(127),
      async (columns, cellBit, proofBit, commitmentBit, wrong) => {
        const first = columns[0]!;
        expect(await verify(columns)).toBe(true);
        expect(await verify(columns, { cell: flip(cells[first]!, cellBit) })).toBe(false);
        expect(await verify(columns, { proof: flip(proofs[first]!, proofBit) })).toBe(false);
        expect(await verify(columns, { commitment: flip(commitment, commitmentBit) })).toBe(false);
        expect(await verify(columns, { commitment: otherCommitment })).toBe(false);
        if (wrong !== first) {
          expect(await worker.verifyCells([commitment], [wrong], [cells[first]!], [proofs[first]!])).toBe(false);
        }
      },
    ),
    { numRuns: 8 },
  );
});

test.each<[string, string, () => Promise<unknown>]>([
  ['a short blob', 'blob', () => worker.blobToCommitment(new Uint8Array(5))],
  ['an element above the modulus', 'blob', () => worker.computeCells(blob.with(0, 0xff))],
  ['63 columns', 'columns', () => worker.recoverBlob([...Array(63).keys()], cells.slice(0, 63))],
  ['a column twice', 'columns.1', () => worker.recoverBlob([3, 3], cells.slice(0, 2))],
  ['column 128', 'columns.0', () => worker.verifyCells([commitment], [128], [cells[0]!], [proofs[0]!])],
  ['fewer cells than columns', 'cells', () => worker.verifyCells([commitment], [1], [], [proofs[0]!])],
  ['a short proof', 'proofs.0', () => worker.verifyCells([commitment], [1], [cells[1]!], [new Uint8Array(47)])],
])('%s is refused as %s', async (_, field, ask) => {
  await expect(ask()).rejects.toMatchObject({ detail: { code: 'INVALID_ARGUMENT', field } });
  expect(isChainError(await ask().catch((error: unknown) => error))).toBe(true);
});
