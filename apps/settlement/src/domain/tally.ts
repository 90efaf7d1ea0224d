import type { Attestation } from '@sheaf/protocol';
import { hasQuorum } from '@sheaf/protocol';

/** The attestations of one height that say the same. */
export interface Opinion {
  /** By validator index. */
  attestations: Attestation[];
  /** Stake of those among them that are not slashed. */
  countedGwei: bigint;
  /** Stake of all of them, slashed or not. */
  attestedGwei: bigint;
}

/** True when both attest the same block, payload and commitments. */
export function sameOpinion(a: Attestation, b: Attestation): boolean {
  return a.blockHash === b.blockHash && a.payloadHash === b.payloadHash && a.commitmentsHash === b.commitmentsHash;
}

/** One height's attestations by what they say; the order follows the first attestation of each. */
export function tally(
  attestations: Attestation[],
  stakesGwei: readonly bigint[],
  slashed: ReadonlySet<number>,
): Opinion[] {
  const opinions: Opinion[] = [];
  for (const attestation of attestations) {
    let opinion = opinions.find((other) => sameOpinion(other.attestations[0]!, attestation));
    if (!opinion) opinions.push((opinion = { attestations: [], countedGwei: 0n, attestedGwei: 0n }));
    const stake = stakesGwei[attestation.validatorIndex]!;
    opinion.attestations.push(attestation);
    opinion.attestedGwei += stake;
    if (!slashed.has(attestation.validatorIndex)) opinion.countedGwei += stake;
  }
  return opinions;
}

/**
 * The opinion that is final, if one is: unslashed signers with two thirds of the stake of the *whole* set.
 *
 * Slashed stake leaves the numerator and stays in the denominator. Were it to leave both, the quorum would sink with every slashing, at a
 * moment that replicas and light clients need not agree on; so two conflicting blocks could each be final in somebody's eyes with less than
 * a third of the set provably guilty. The price: with a third or more of the stake slashed nothing becomes final until the set is replaced.
 */
export function findFinal(opinions: Opinion[], totalGwei: bigint): Opinion | undefined {
  return opinions.find(({ countedGwei }) => hasQuorum(countedGwei, totalGwei));
}

/**
 * True when two blocks each have more than a third of the stake: then neither can reach two thirds, the head has stopped. First votes of
 * slashed validators count here, since an alarm had better ring once too often.
 */
export function hasDiverged(opinions: Opinion[], totalGwei: bigint): boolean {
  return opinions.filter(({ attestedGwei }) => 3n * attestedGwei > totalGwei).length >= 2;
}
