import { DasContextJs } from '@crate-crypto/node-eth-kzg';
import type { KZG } from '@ethereumjs/util';
import { hexToBytes } from '@sheaf/primitives';

/**
 * The point evaluation precompile (EIP-4844, 0x0a) on a trusted setup that is loaded when first asked for: most chains
 * never do, and loading takes 2.5 s of CPU. What cannot be parsed is what does not verify.
 */
export function lazyKzg(): KZG {
  let context: DasContextJs | undefined;
  const unused = () => {
    throw new Error('execution verifies points only: blobs are the business of data availability');
  };
  return {
    verifyProof(commitment, z, y, proof) {
      context ??= DasContextJs.create({ usePrecomp: false });
      try {
        return context.verifyKzgProof(hexToBytes(commitment), hexToBytes(z), hexToBytes(y), hexToBytes(proof));
      } catch {
        return false;
      }
    },
    blobToKzgCommitment: unused,
    computeBlobProof: unused,
    verifyBlobProofBatch: unused,
    computeCells: unused,
    computeCellsAndProofs: unused,
    recoverCellsAndProofs: unused,
    verifyCellKzgProofBatch: unused,
  };
}
