import { keccak256, recoverPublicKey } from '@sheaf/crypto';
import { areZero, empty, fixedPrice, paddedSlice, type Precompile } from './types.ts';

/** 0x01: the address that signed a digest, or no bytes (yellow paper, appendix E.1). High `s` is allowed. */
export const ecrecover: Precompile = fixedPrice(3_000n, (given) => {
  const input = paddedSlice(given, 0, 128);
  const v = input[63]!;
  if ((v !== 27 && v !== 28) || !areZero(input, 32, 63)) return empty;
  // A zero is refused here, since what the library makes of it is not written down; it refuses what is too large.
  if (areZero(input, 64, 96) || areZero(input, 96, 128)) return empty;
  const signature = { r: input.subarray(64, 96), s: input.subarray(96, 128), yParity: v === 27 ? 0 : 1 } as const;
  let publicKey: Uint8Array;
  try {
    publicKey = recoverPublicKey(input.subarray(0, 32), signature);
  } catch {
    return empty;
  }
  const output = new Uint8Array(32);
  output.set(keccak256(publicKey).subarray(12), 12);
  return output;
});
