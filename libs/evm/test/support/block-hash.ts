import { keccak256 } from '@sheaf/crypto';
import { bigintToFixedBytes } from '@sheaf/primitives';

/** The chain of the scenarios: every number has a hash. */
export function blockHash(number: bigint): Uint8Array {
  return keccak256(bigintToFixedBytes(number, 32));
}
