import { blsSign } from '@sheaf/crypto';
import { ChainError, type Height } from '@sheaf/primitives';
import { attestationDigest, type Attestation } from '@sheaf/protocol';
import type { Journal, SignedOpinion, VerifiedBlock } from '../ports.ts';

/** Signs, and never two blocks at one height. */
export interface Signer {
  /**
   * The attestation of a verified block. Before it is returned, the journal says that the height is signed.
   * @returns undefined when the height is at or below one that was signed before: it is not signed again
   */
  attest(opinion: SignedOpinion, block: VerifiedBlock): Promise<Attestation | undefined>;
  /** The attestation that was signed last, to be handed in again after a restart; undefined for none. */
  last(): Attestation | undefined;
  /** Nothing up to this height is signed any more: settlement knows of signatures that the journal does not. */
  raiseFloor(height: Height): void;
}

/** A signer with this key, whose memory is the journal. */
export function createSigner(
  options: { chainId: bigint; validatorIndex: number; secretKey: Uint8Array },
  dependencies: { journal: Journal },
): Signer {
  const { journal } = dependencies;
  let floor = journal.state().signed?.height ?? 0n;

  function sign(opinion: SignedOpinion): Attestation {
    const { chainId, validatorIndex, secretKey } = options;
    const { height, blockHash, payloadHash, commitmentsHash } = opinion;
    const unsigned = { chainId, height, blockHash, payloadHash, commitmentsHash };
    return { ...unsigned, validatorIndex, signature: blsSign(secretKey, attestationDigest(unsigned)) };
  }

  return {
    async attest(opinion, block) {
      const { signed } = journal.state();
      if (opinion.blockHash !== block.hash || opinion.height !== block.header.number) {
        throw new ChainError({ code: 'INTERNAL', message: `asked to sign height ${opinion.height} for another block` });
      }
      if (opinion.height <= floor) {
        await journal.write({ signed, head: block });
        return undefined;
      }
      await journal.write({ signed: opinion, head: block });
      floor = opinion.height;
      return sign(opinion);
    },
    last() {
      const { signed } = journal.state();
      return signed && sign(signed);
    },
    raiseFloor(height) {
      if (height > floor) floor = height;
    },
  };
}
