import { DasContextJs } from '@crate-crypto/node-eth-kzg';
import { hexToBytes } from '@sheaf/primitives';
import { hashSha256 } from './hashes.ts';
import { equalParts, fixedPrice, type Precompile } from './types.ts';

/** 4096 field elements in a blob, and the order of the field: what a success answers. */
const answer = hexToBytes(
  '0x000000000000000000000000000000000000000000000000000000000000100073eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001',
);
const versionOfKzg = 1;

let context: DasContextJs | undefined;

/** The trusted setup is in memory afterwards. Takes 2.5 s of this thread the first time. */
export function warmPointEvaluation(): void {
  context ??= DasContextJs.create({ usePrecomp: false });
}

/** 0x0a (EIP-4844): that the polynomial committed to has the value y at z. */
export const pointEvaluation: Precompile = fixedPrice(50_000n, (input) => {
  if (input.length !== 192) return undefined;
  const commitment = input.subarray(96, 144);
  const versionedHash = hashSha256(commitment);
  versionedHash[0] = versionOfKzg;
  if (!equalParts(versionedHash, input, 0)) return undefined;
  warmPointEvaluation();
  try {
    // What cannot be parsed, z and y not below the order among it, is thrown.
    const [z, y, proof] = [input.subarray(32, 64), input.subarray(64, 96), input.subarray(144, 192)];
    return context!.verifyKzgProof(commitment, z, y, proof) ? answer.slice() : undefined;
  } catch {
    return undefined;
  }
});
