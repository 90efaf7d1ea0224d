// Goal: no two opinions on one height can both be final, whatever was slashed in between; a final one has two thirds of the whole set.
// Method: fast-check draws stakes, who votes for which of two blocks, and who is slashed when each block is looked at.
import fc from 'fast-check';
import { toHash32, toHeight, type Hash32 } from '@sheaf/primitives';
import type { Attestation } from '@sheaf/protocol';
import { findFinal, hasDiverged, tally } from './tally.ts';

const block = (byte: number): Hash32 => toHash32(new Uint8Array(32).fill(byte));

function vote(validatorIndex: number, byte: number): Attestation {
  const hash = block(byte);
  const signature = new Uint8Array(96);
  return {
    chainId: 1n,
    height: toHeight(1),
    blockHash: hash,
    payloadHash: hash,
    commitmentsHash: hash,
    validatorIndex,
    signature,
  };
}

const validator = fc.record({
  stake: fc.bigInt({ min: 1n, max: 2n ** 40n }),
  /** Honest validators vote once; an equivocator is seen voting for both by different observers. */
  votes: fc.constantFrom('none', 'a', 'b', 'both'),
  slashedWhenA: fc.boolean(),
  slashedWhenB: fc.boolean(),
});

test('two conflicting final blocks need more than a third of the stake to vote twice', () => {
  fc.assert(
    fc.property(fc.array(validator, { minLength: 1, maxLength: 20 }), (set) => {
      const stakes = set.map(({ stake }) => stake);
      const total = stakes.reduce((sum, stake) => sum + stake, 0n);
      const observe = (side: 'a' | 'b', slashed: (member: (typeof set)[number]) => boolean) => {
        const votes = set.flatMap((member, index) =>
          member.votes === side || member.votes === 'both' ? [vote(index, side === 'a' ? 1 : 2)] : [],
        );
        const out = new Set(set.flatMap((member, index) => (slashed(member) ? [index] : [])));
        return findFinal(tally(votes, stakes, out), total);
      };
      const a = observe('a', (member) => member.slashedWhenA);
      const b = observe('b', (member) => member.slashedWhenB);
      for (const final of [a, b]) if (final) expect(3n * final.countedGwei >= 2n * total).toBe(true);
      const twice = set.reduce((sum, { stake, votes }) => (votes === 'both' ? sum + stake : sum), 0n);
      if (a && b) expect(3n * twice >= total).toBe(true);
    }),
  );
});

test('a third of the stake exactly is no divergence, a little more on both sides is', () => {
  const stakes = [100n, 100n, 100n];
  expect(hasDiverged(tally([vote(0, 1), vote(1, 2)], stakes, new Set()), 300n)).toBe(false);
  const four = [100n, 100n, 50n, 50n];
  expect(hasDiverged(tally([vote(0, 1), vote(1, 2)], four, new Set()), 300n)).toBe(false);
  const votes = [vote(0, 1), vote(2, 1), vote(1, 2), vote(3, 2)];
  expect(hasDiverged(tally(votes, four, new Set()), 300n)).toBe(true);
  expect(findFinal(tally(votes, four, new Set()), 300n)).toBeUndefined();
});
