import { keccak256 } from '@sheaf/crypto';
import { bigintToBytes, bigintToFixedBytes, concatBytes, hexToBytes, toAddress, type Address } from '@sheaf/primitives';
import type { PlannedCreation } from './compile.ts';

/** Where the creation puts its contract: by the nonce (CREATE) or by salt and init code (CREATE2, EIP-1014). */
export function createAddress(creator: Address, { salt, initCode }: PlannedCreation, nonce: bigint): Address {
  if (salt !== undefined) {
    const parts = [Uint8Array.of(0xff), hexToBytes(creator), bigintToFixedBytes(salt, 32), keccak256(initCode)];
    return toAddress(keccak256(concatBytes(...parts)).subarray(12));
  }
  const minimal = bigintToBytes(nonce);
  const short = nonce > 0n && nonce < 0x80n;
  const encoded = short ? minimal : concatBytes(Uint8Array.of(0x80 + minimal.length), minimal);
  const payload = concatBytes(Uint8Array.of(0x94), hexToBytes(creator), encoded);
  return toAddress(keccak256(concatBytes(Uint8Array.of(0xc0 + payload.length), payload)).subarray(12));
}
