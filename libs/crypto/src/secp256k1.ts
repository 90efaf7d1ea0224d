import { ChainError, toAddress, type Address } from '@sheaf/primitives';
import secp256k1 from 'secp256k1';
import { keccak256 } from './keccak.ts';

/** An ECDSA signature from which the signer can be recovered. `r` and `s`: 32 bytes, big-endian. */
export interface RecoverableSignature {
  r: Uint8Array;
  s: Uint8Array;
  yParity: 0 | 1;
}

/**
 * The signer's public key: 64 bytes, x and y. High `s` is accepted: EIP-2 is the transaction decoder's rule.
 * @throws ChainError `INVALID_ARGUMENT` when no key made this signature, or a length is wrong
 */
export function recoverPublicKey(digest: Uint8Array, signature: RecoverableSignature): Uint8Array {
  requireLength(digest, 32, 'digest');
  requireLength(signature.r, 32, 'signature.r');
  requireLength(signature.s, 32, 'signature.s');
  const compact = new Uint8Array(64);
  compact.set(signature.r);
  compact.set(signature.s, 32);
  try {
    return secp256k1.ecdsaRecover(compact, signature.yParity, digest, false).subarray(1);
  } catch (cause) {
    throw new ChainError(
      { code: 'INVALID_ARGUMENT', field: 'signature', message: 'signature recovers no public key' },
      { cause },
    );
  }
}

/** Last 20 bytes of the key's Keccak. `publicKey`: 64 bytes. @throws ChainError `INVALID_ARGUMENT` on another length */
export function publicKeyToAddress(publicKey: Uint8Array): Address {
  requireLength(publicKey, 64, 'publicKey');
  return toAddress(keccak256(publicKey).subarray(12));
}

/** Signs deterministically (RFC 6979) with low `s`. @throws ChainError `INVALID_ARGUMENT` for an impossible key */
export function signDigest(digest: Uint8Array, privateKey: Uint8Array): RecoverableSignature {
  requireLength(digest, 32, 'digest');
  requirePrivateKey(privateKey);
  const { signature, recid } = secp256k1.ecdsaSign(digest, privateKey);
  return { r: signature.slice(0, 32), s: signature.slice(32, 64), yParity: (recid & 1) as 0 | 1 };
}

/** @throws ChainError `INVALID_ARGUMENT` for an impossible key */
export function privateKeyToAddress(privateKey: Uint8Array): Address {
  requirePrivateKey(privateKey);
  return publicKeyToAddress(secp256k1.publicKeyCreate(privateKey, false).subarray(1));
}

function requirePrivateKey(privateKey: Uint8Array): void {
  requireLength(privateKey, 32, 'privateKey');
  if (!secp256k1.privateKeyVerify(privateKey)) {
    throw new ChainError({
      code: 'INVALID_ARGUMENT',
      field: 'privateKey',
      message: 'privateKey must be between 1 and the order of the curve less 1',
    });
  }
}

/** @throws ChainError `INVALID_ARGUMENT` naming `field` */
export function requireLength(bytes: Uint8Array, length: number, field: string): void {
  if (bytes.length !== length) {
    throw new ChainError({
      code: 'INVALID_ARGUMENT',
      field,
      message: `${field} must be ${length} bytes, got ${bytes.length}`,
    });
  }
}
