// Goal: a proof is Ethereum's, the verifier takes it for what the trie has, and takes nothing else.
// Method: random tries with close keys, so that nodes are embedded and paths end everywhere; libs/ethereum's trie as the
// oracle of the nodes and @ethereumjs/mpt of the root; proofs with one node altered, left out, added or moved.
import { createMerkleProof, createMPT, verifyMPTWithMerkleProof } from '@ethereumjs/mpt';
import { Trie } from '@sheaf/ethereum';
import { equalBytes, isChainError } from '@sheaf/primitives';
import fc from 'fast-check';
import { key, leavesOf } from '../test/arbitraries.ts';
import { buildSource } from '../test/build-source.ts';
import { emptyTrieRoot } from './encode-node.ts';
import { lookUp } from './look-up.ts';
import { prove } from './prove.ts';
import type { TrieLeaf } from './trie-source.ts';
import { verifyProof } from './verify-proof.ts';

const whole = { owner: 7, position: new Uint8Array(0) };
const cases = leavesOf(24).chain((leaves) =>
  fc.record({
    leaves: fc.constant(leaves),
    probes: fc.array(key, { maxLength: 6 }).map((absent) => [...leaves.map((leaf) => leaf.key), ...absent]),
  }),
);

const valueOf = (leaves: readonly TrieLeaf[], probe: Uint8Array) =>
  leaves.find((leaf) => equalBytes(leaf.key, probe))?.value;

function oracleOf(leaves: readonly TrieLeaf[]): Trie {
  const trie = new Trie();
  for (const leaf of leaves) trie.put(leaf.key, leaf.value);
  return trie;
}

test('lookups, proofs and what is proven are those of the oracle', () => {
  fc.assert(
    fc.property(cases, ({ leaves, probes }) => {
      const source = buildSource(leaves);
      const oracle = oracleOf(leaves);
      const { root } = oracle.commit();
      for (const probe of probes) {
        const expected = valueOf(leaves, probe);
        expect(lookUp(source, whole, probe)).toEqual(expected);
        const proof = prove(source, 7, probe);
        expect(proof).toEqual(oracle.prove(probe));
        expect(verifyProof(root, probe, proof)).toEqual(expected);
      }
    }),
    { numRuns: 80 },
  );
});

test('@ethereumjs/mpt makes the same proofs and takes ours', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ leaves, probes }) => {
      const oracle = await createMPT();
      for (const leaf of leaves) await oracle.put(leaf.key, leaf.value);
      const source = buildSource(leaves);
      for (const probe of probes) {
        const proof = prove(source, 7, probe);
        if (leaves.length === 0) {
          expect(proof).toEqual([]);
          continue;
        }
        const expected = valueOf(leaves, probe);
        // It lists nodes below 32 bytes, which stand in their parents; geth does not.
        const theirs = (await createMerkleProof(oracle, probe)).filter((node, at) => at === 0 || node.length >= 32);
        expect(theirs).toEqual(proof);
        expect(verifyProof(oracle.root(), probe, theirs)).toEqual(expected);
        expect((await verifyMPTWithMerkleProof(oracle, oracle.root(), probe, proof)) ?? undefined).toEqual(expected);
      }
    }),
    { numRuns: 20 },
  );
});

test('a proof with any one node altered, left out, added or moved is refused by name', () => {
  const refusal = (run: () => unknown): string => {
    try {
      run();
    } catch (error) {
      if (isChainError(error, 'INVALID_ARGUMENT')) return (error.detail as { field: string }).field;
      throw error;
    }
    return 'accepted';
  };
  fc.assert(
    fc.property(leavesOf(24), key, fc.nat(), fc.nat(), (leaves, probe, place, bit) => {
      fc.pre(leaves.length > 0);
      const target = place % 2 === 0 ? probe : leaves[place % leaves.length]!.key;
      const { root } = oracleOf(leaves).commit();
      const proof = prove(buildSource(leaves), 7, target);
      const index = place % proof.length;
      const node = proof[index]!;
      const flipped = node.slice();
      flipped[(bit >> 3) % node.length]! ^= 1 << (bit & 7);
      expect(refusal(() => verifyProof(root, target, proof.with(index, flipped)))).toBe(`proof.${index}`);
      expect(refusal(() => verifyProof(root, target, proof.toSpliced(index, 1)))).toBe(`proof.${index}`);
      expect(refusal(() => verifyProof(root, target, proof.slice(0, index)))).toBe(`proof.${index}`);
      expect(refusal(() => verifyProof(root, target, proof.toSpliced(index, 0, node)))).toBe(`proof.${index + 1}`);
      expect(refusal(() => verifyProof(root, target, [...proof, node]))).toBe(`proof.${proof.length}`);
      if (proof.length > 1) expect(refusal(() => verifyProof(root, target, proof.toReversed()))).toBe('proof.0');
    }),
    { numRuns: 120 },
  );
});

test('a source that lacks what a branch says is there is damaged, never without the key', () => {
  fc.assert(
    fc.property(leavesOf(24), fc.nat(), (leaves, which) => {
      fc.pre(leaves.length > 1);
      const source = buildSource(leaves);
      const positions = [...source.branches.keys()].filter((position) => position !== '0x');
      fc.pre(positions.length > 0);
      source.branches.delete(positions[which % positions.length]!);
      const outcomes = leaves.map(({ key, value }) => {
        try {
          expect(lookUp(source, whole, key)).toEqual(value);
          return 'found';
        } catch (error) {
          if (!isChainError(error, 'DATA_LOSS')) throw error;
          return 'lost';
        }
      });
      expect(outcomes).toContain('lost');
    }),
    { numRuns: 50 },
  );
});

test('the trie without keys', () => {
  expect(prove(buildSource([]), 7, new Uint8Array(32))).toEqual([]);
  expect(verifyProof(emptyTrieRoot, new Uint8Array(32), [])).toBeUndefined();
  expect(verifyProof(emptyTrieRoot, new Uint8Array(32), [Uint8Array.of(0x80)])).toBeUndefined();
  expect(() => verifyProof(emptyTrieRoot, new Uint8Array(32), [Uint8Array.of(0xc0)])).toThrow(
    'proof.0 is not on the way',
  );
  expect(() => verifyProof(new Uint8Array(32), new Uint8Array(32), [])).toThrow('proof.0 is missing');
});
