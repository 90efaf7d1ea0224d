import { keccak256 } from '@sheaf/crypto';
import { bigintToBytes, encodeRlp, hexToBytes, toAddress, type Address } from '@sheaf/primitives';

/** Where a creation transaction of the sender with this nonce puts its contract. */
export function contractAddress(sender: Address, nonce: bigint): Address {
  return toAddress(keccak256(encodeRlp([hexToBytes(sender), bigintToBytes(nonce)])).subarray(12));
}
