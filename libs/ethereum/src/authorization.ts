import { keccak256, publicKeyToAddress, recoverPublicKey } from '@sheaf/crypto';
import { bigintToBytes, bigintToFixedBytes, concatBytes, encodeRlp, hexToBytes, type Address } from '@sheaf/primitives';
import { secp256k1Order } from './signing-digest.ts';
import type { Authorization } from './transaction.ts';

const magic = Uint8Array.of(0x05);

/** What the authority of an EIP-7702 authorization signs. 32 bytes. */
export function authorizationDigest({ chainId, address, nonce }: Omit<Authorization, 'yParity' | 'r' | 's'>) {
  const fields = encodeRlp([bigintToBytes(chainId), hexToBytes(address), bigintToBytes(nonce)]);
  return keccak256(concatBytes(magic, fields));
}

/** Who signed the authorization; `undefined` when nobody can have, or `s` is high. */
export function recoverAuthority(authorization: Authorization): Address | undefined {
  const { r, s, yParity } = authorization;
  if (yParity !== 0 && yParity !== 1) return undefined;
  if (r === 0n || r >= secp256k1Order || s === 0n || s > secp256k1Order / 2n) return undefined;
  const signature = { r: bigintToFixedBytes(r, 32), s: bigintToFixedBytes(s, 32), yParity } as const;
  try {
    return publicKeyToAddress(recoverPublicKey(authorizationDigest(authorization), signature));
  } catch {
    return undefined;
  }
}
