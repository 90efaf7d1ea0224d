// Goal: sampling asks for distinct columns that were promised, passes only when every one is served with a valid proof, and tells a node that
// is away from one that withholds.
// Method: fast-check for the choice; scripted committee members for every way to fail.
import { ChainError } from '@sheaf/primitives';
import type { DaCommittee } from '@sheaf/protocol';
import fc from 'fast-check';
import type { CellSource, SampledCell } from '../ports.ts';
import { chooseColumns, promisedColumns, sampleBlob, type CustodyFault } from './sample.ts';

const keys = { publicKey: new Uint8Array(48), proofOfPossession: new Uint8Array(96) };
/** Two nodes with half each, a third with the first half again. */
const committee: DaCommittee = { nodes: [keys, keys, keys], lostNodesMax: 0, columnsPerNode: 64 };
const commitment = new Uint8Array(48);
const first = () => 0;

const good = (columns: number[]): SampledCell[] =>
  columns.map((column) => ({ column, cell: new Uint8Array(2048), proof: new Uint8Array(48) }));
/** Marks what the verifier in `sample` below takes for invalid. */
const forged = (columns: number[]): SampledCell[] =>
  good(columns).map((cell) => ({ ...cell, proof: new Uint8Array(48).fill(1) }));
const away = (): never => {
  throw new ChainError({ code: 'UNAVAILABLE', message: 'down' });
};
const unknown = (): never => {
  throw new ChainError({ code: 'NOT_FOUND', message: 'no such blob' });
};

async function sample(answers: ((columns: number[]) => SampledCell[])[], columns: number[]) {
  const faults: [number, CustodyFault][] = [];
  const cells: CellSource = { cells: async (node, _blob, asked) => answers[node]!(asked) };
  const verifier = {
    verifyCells: (_c: Uint8Array[], _n: number[], _cells: Uint8Array[], proofs: Uint8Array[]) =>
      Promise.resolve(proofs.every((p) => p[0] === 0)),
    blobToCommitment: () => Promise.reject(new Error('not asked here')),
    blsFastAggregateVerify: () => Promise.reject(new Error('not asked here')),
  };
  const onFault = (node: number, fault: CustodyFault) => faults.push([node, fault]);
  await sampleBlob(
    { commitment, columns, signers: [0, 1, 2] },
    { committee, cells, verifier, randomBelow: first, onFault },
  );
  return faults;
}

test('chosen columns are distinct, rising and promised', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(127)), fc.nat(130), fc.infiniteStream(fc.nat()), (pool, count, randoms) => {
      const chosen = chooseColumns(pool, count, (bound) => randoms.next().value % bound);
      expect(chosen).toHaveLength(Math.min(count, pool.length));
      expect([...new Set(chosen)].sort((a, b) => a - b)).toEqual(chosen);
      expect(chosen.every((column) => pool.includes(column))).toBe(true);
    }),
  );
  expect(promisedColumns(committee, [1])).toEqual(Array.from({ length: 64 }, (_, i) => 64 + i));
});

test('passes when all is served, also past a custodian that is away or cheats', async () => {
  expect(await sample([good, good, good], [3, 70])).toEqual([]);
  expect(await sample([away, good, good], [3, 70])).toEqual([]);
  // Each fault is told, and with this order of asking node 2 comes first.
  expect(await sample([good, good, forged], [3, 70])).toEqual([[2, 'invalid']]);
});

test.each([
  ['withheld', () => [], 'DATA_LOSS'],
  ['forged', forged, 'DATA_LOSS'],
  ['not known', unknown, 'DATA_LOSS'],
  ['not reachable', away, 'UNAVAILABLE'],
])('fails when a column is %s', async (_how, answer, code) => {
  await expect(sample([good, answer, good], [3, 70])).rejects.toMatchObject({ code });
});
