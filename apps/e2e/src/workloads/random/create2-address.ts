import { keccak256 } from '@sheaf/crypto';
import { bigintToFixedBytes, concatBytes, hexToBytes, toAddress, type Address } from '@sheaf/primitives';

/** EIP-1014. */
export function create2Address(creator: Address, salt: number, init: Uint8Array): Address {
  const parts = [Uint8Array.of(0xff), hexToBytes(creator), bigintToFixedBytes(BigInt(salt), 32), keccak256(init)];
  return toAddress(keccak256(concatBytes(...parts)).subarray(12));
}
