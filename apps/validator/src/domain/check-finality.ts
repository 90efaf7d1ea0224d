import { attestationDigest, hasQuorum, type ChainSpec, type Finality } from '@sheaf/protocol';
import type { ProofVerifier } from '../ports.ts';
import { requireRight } from './fault.ts';

/**
 * Returns when two thirds of the genesis stake signed the record.
 * @throws ChainError `DATA_LOSS` otherwise
 */
export async function checkFinality(finality: Finality, spec: ChainSpec, verifier: ProofVerifier): Promise<void> {
  const { signers, height } = finality;
  const members = signers.map((signer) => spec.validators[signer]);
  const rising = signers.every((signer, index) => index === 0 || signer > signers[index - 1]!);
  requireRight(
    rising && members.every((member) => member !== undefined),
    () => `finality of ${height} names unknown signers`,
  );
  const total = spec.validators.reduce((sum, { stakeGwei }) => sum + stakeGwei, 0n);
  const signed = members.reduce((sum, member) => sum + member.stakeGwei, 0n);
  requireRight(hasQuorum(signed, total), () => `finality of ${height} is signed by ${signed} of ${total} Gwei`);
  const keys = members.map(({ publicKey }) => publicKey);
  const digest = attestationDigest({ chainId: spec.chainId, ...finality });
  requireRight(
    await verifier.blsFastAggregateVerify(keys, digest, finality.signature),
    () => `finality of ${height} is not signed`,
  );
}
