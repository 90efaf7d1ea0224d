import { keccak256 } from '@sheaf/crypto';
import { concatBytes, encodeRlp, hexToBytes, type Hash32, type Height } from '@sheaf/primitives';
import { encodeInteger } from './rlp.ts';

/** A validator's word that it sampled and re-executed a block. */
export interface Attestation {
  chainId: bigint;
  height: Height;
  blockHash: Hash32;
  payloadHash: Hash32;
  /** `commitmentsHash` of the batch that holds the payload. */
  commitmentsHash: Hash32;
  /** Place in the genesis validator set. */
  validatorIndex: number;
  /** BLS, 96 bytes, over `attestationDigest`. */
  signature: Uint8Array;
}

const domain = new TextEncoder().encode('sheaf-attestation-v1');

/**
 * What is signed: Keccak of "sheaf-attestation-v1" and the RLP of all fields but validator and signature, so that the
 * signatures of all validators aggregate. 32 bytes.
 */
export function attestationDigest(attestation: Omit<Attestation, 'validatorIndex' | 'signature'>): Uint8Array {
  const body = encodeRlp([
    encodeInteger(attestation.chainId),
    encodeInteger(attestation.height),
    hexToBytes(attestation.blockHash),
    hexToBytes(attestation.payloadHash),
    hexToBytes(attestation.commitmentsHash),
  ]);
  return keccak256(concatBytes(domain, body));
}

/** Proof that validators with 2/3 of the stake attested a block. */
export interface Finality {
  height: Height;
  blockHash: Hash32;
  payloadHash: Hash32;
  commitmentsHash: Hash32;
  /** Validator indexes, rising. */
  signers: number[];
  /** Aggregate of their signatures. 96 bytes. */
  signature: Uint8Array;
  signedStakeGwei: bigint;
  totalStakeGwei: bigint;
}

/** True when `signed` is at least two thirds of `total`. Nothing of nothing is no quorum. */
export function hasQuorum(signed: bigint, total: bigint): boolean {
  return total > 0n && 3n * signed >= 2n * total;
}
