import {
  aggregateSerializedSignatures,
  fastAggregateVerify,
  PublicKey,
  SecretKey,
  Signature,
  verify,
} from '@chainsafe/blst';
import { ChainError, concatBytes } from '@sheaf/primitives';

// BLS12-381, minimal-pubkey: 48-byte public keys in G1, 96-byte signatures in G2, ciphersuite
// BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ (draft-irtf-cfrg-bls-signature, section 4.2.3), which is compiled into
// the binding. It parses without subgroup checks unless told to, so every key and signature here is parsed with them.

/**
 * Prefix of what a proof of possession signs. The draft separates proofs by another ciphersuite id, which the binding
 * cannot be given; a prefix that `blsSign` refuses separates them as well.
 */
const possessionPrefix = new TextEncoder().encode('sheaf-bls-proof-of-possession-v1');

/** 48 bytes, compressed. @throws ChainError `INVALID_ARGUMENT` for an impossible secret */
export function blsPublicKey(secret: Uint8Array): Uint8Array {
  return parseSecret(secret).toPublicKey().toBytes();
}

/**
 * 96 bytes, compressed, deterministic.
 * @throws ChainError `INVALID_ARGUMENT` for an impossible secret, or a message that only a proof of possession may sign
 */
export function blsSign(secret: Uint8Array, message: Uint8Array): Uint8Array {
  if (startsWith(message, possessionPrefix)) {
    throw new ChainError({
      code: 'INVALID_ARGUMENT',
      field: 'message',
      message: 'message must not start as a proof of possession',
    });
  }
  return parseSecret(secret).sign(message).toBytes();
}

/** False for a wrong, malformed, infinite or out-of-subgroup key or signature. Off the event loop: see CryptoWorker. */
export function blsVerify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  return !startsWith(message, possessionPrefix) && verifyOne(publicKey, message, signature);
}

/**
 * One signature that stands for all. 96 bytes.
 * @throws ChainError `INVALID_ARGUMENT` for none, or naming the one that is malformed, infinite or out of the subgroup
 */
export function blsAggregate(signatures: Uint8Array[]): Uint8Array {
  if (signatures.length === 0) {
    throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'signatures', message: 'signatures must not be empty' });
  }
  signatures.forEach((signature, index) => {
    if (!parseSignature(signature)) {
      const field = `signatures.${index}`;
      throw new ChainError({ code: 'INVALID_ARGUMENT', field, message: `${field} is no BLS signature` });
    }
  });
  return aggregateSerializedSignatures(signatures).toBytes();
}

/**
 * True when every key signed this one message. False for no keys, and where `blsVerify` would be.
 * Safe only for keys whose possession was proven, else a rogue key can speak for others.
 */
export function blsFastAggregateVerify(publicKeys: Uint8Array[], message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKeys.length === 0 || startsWith(message, possessionPrefix)) return false;
  const keys = publicKeys.map(parsePublicKey);
  const parsed = parseSignature(signature);
  if (!parsed || !keys.every((key) => key !== undefined)) return false;
  return fastAggregateVerify(message, keys, parsed);
}

/** Shows that the key's owner knows the secret, so that it was not computed from the keys of others. 96 bytes. */
export function blsProvePossession(secret: Uint8Array): Uint8Array {
  const key = parseSecret(secret);
  return key.sign(concatBytes(possessionPrefix, key.toPublicKey().toBytes())).toBytes();
}

/** True when `proof` is the one of `publicKey`. */
export function blsVerifyPossession(publicKey: Uint8Array, proof: Uint8Array): boolean {
  return verifyOne(publicKey, concatBytes(possessionPrefix, publicKey), proof);
}

function verifyOne(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = parsePublicKey(publicKey);
  const parsed = key && parseSignature(signature);
  return parsed !== undefined && verify(message, key!, parsed);
}

function parseSecret(secret: Uint8Array): SecretKey {
  try {
    if (secret.length !== 32) throw new Error(`${secret.length} bytes`);
    return SecretKey.fromBytes(secret);
  } catch (cause) {
    throw new ChainError(
      {
        code: 'INVALID_ARGUMENT',
        field: 'secret',
        message: 'secret must be 32 bytes below the order of the group, not 0',
      },
      { cause },
    );
  }
}

function parsePublicKey(bytes: Uint8Array): PublicKey | undefined {
  if (bytes.length !== 48) return undefined;
  try {
    return PublicKey.fromBytes(bytes, true);
  } catch {
    return undefined;
  }
}

function parseSignature(bytes: Uint8Array): Signature | undefined {
  if (bytes.length !== 96) return undefined;
  try {
    return Signature.fromBytes(bytes, true, true);
  } catch {
    return undefined;
  }
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && prefix.every((byte, index) => bytes[index] === byte);
}
