// Goal: custody covers the columns evenly and the worst loss is computed exactly.
// Method: brute force over every subset of lost signers as the oracle, small committees by fast-check.
import fc from 'fast-check';
import { availableAfterLoss, custodyColumns, lostNodesBound, type DaCommittee } from './custody.ts';

const committee = (nodes: number, columnsPerNode: number, lostNodesMax: number): DaCommittee => ({
  nodes: Array.from({ length: nodes }, () => ({
    publicKey: new Uint8Array(48),
    proofOfPossession: new Uint8Array(96),
  })),
  columnsPerNode,
  lostNodesMax,
});

const leastHeld = (value: DaCommittee, signers: number[], lost: number): number => {
  if (lost > 0 && signers.length > 0) {
    return Math.min(...signers.map((_, index) => leastHeld(value, signers.toSpliced(index, 1), lost - 1)));
  }
  return new Set(signers.flatMap((signer) => custodyColumns(value, signer))).size;
};

test('columns are distinct, rising, as many as asked', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 128 }), fc.nat(127), (columnsPerNode, index) => {
      const columns = custodyColumns(committee(128, columnsPerNode, 0), index);
      expect(columns).toEqual([...new Set(columns)].sort((a, b) => a - b));
      expect(columns).toHaveLength(columnsPerNode);
      expect(columns.every((column) => column >= 0 && column < 128)).toBe(true);
      expect(columns).toContain((index * columnsPerNode) % 128);
    }),
  );
});

test('the worst loss agrees with brute force', () => {
  const columnsPerNode = fc.oneof(fc.integer({ min: 1, max: 128 }), fc.constantFrom(16, 32, 48, 64, 96, 128));
  const signers = fc.uniqueArray(fc.nat(15), { maxLength: 7 });
  fc.assert(
    fc.property(columnsPerNode, signers, fc.nat(3), (columns, signed, lost) => {
      const value = committee(16, columns, lost);
      expect(availableAfterLoss(value, signed)).toBe(leastHeld(value, signed, lost));
    }),
    { numRuns: 200 },
  );
});

test('the development committee: two nodes of 64 columns, one may be lost', () => {
  const two = committee(2, 64, 1);
  expect(availableAfterLoss(two, [0, 1])).toBe(64);
  expect(availableAfterLoss(two, [0])).toBe(0);
  expect(availableAfterLoss(two, [])).toBe(0);
});

test('the largest committee with the largest loss', () => {
  const all = [...Array(128).keys()];
  // Losing neighbours is worst: a gap of 43 starts, 1 column apart and 3 columns wide, costs 40 of 128.
  expect(availableAfterLoss(committee(128, 3, lostNodesBound), all)).toBe(128 - (lostNodesBound - 2));
  // Columns 4 wide, 4 apart, each held by 4 nodes: 42 losses take ten of the 32 arcs.
  expect(availableAfterLoss(committee(128, 4, lostNodesBound), all)).toBe(128 - 40);
});
