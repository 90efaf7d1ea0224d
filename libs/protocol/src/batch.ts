import { keccak256 } from '@sheaf/crypto';
import { concatBytes, encodeRlp, hexToBytes, toHash32, type Hash32, type Height } from '@sheaf/primitives';
import { availableAfterLoss, columnsToRecover, type DaCommittee } from './custody.ts';
import { encodeInteger } from './rlp.ts';

/** What a data-availability node signs: these blobs, in this order, are these heights of this namespace. */
export interface BatchStatement {
  chainId: bigint;
  /** "payloads" for the chain's own. 1 to 64 of [a-z0-9-]. */
  namespace: string;
  /** At least 1. */
  firstHeight: Height;
  /** At most 255 above the first. */
  lastHeight: Height;
  /** Binds the others through parent hashes. */
  lastPayloadHash: Hash32;
  /** KZG commitments of the blobs, in order. 1 to 32, each 48 bytes. */
  commitments: Uint8Array[];
}

/** A statement with the committee members' aggregate signature. */
export interface Certificate {
  statement: BatchStatement;
  /** Node indexes, rising. */
  signers: number[];
  /** BLS, 96 bytes, over `batchDigest`. */
  signature: Uint8Array;
}

/** Namespace of the chain's own payloads. */
export const payloadsNamespace = 'payloads';

const domain = new TextEncoder().encode('sheaf-batch-v1');

/** What is signed: Keccak of "sheaf-batch-v1" and the statement's RLP. 32 bytes. */
export function batchDigest(statement: BatchStatement): Uint8Array {
  const body = encodeRlp([
    encodeInteger(statement.chainId),
    new TextEncoder().encode(statement.namespace),
    encodeInteger(statement.firstHeight),
    encodeInteger(statement.lastHeight),
    hexToBytes(statement.lastPayloadHash),
    statement.commitments,
  ]);
  return keccak256(concatBytes(domain, body));
}

/** Keccak of the concatenated commitments: what attestations bind. */
export function commitmentsHash(commitments: Uint8Array[]): Hash32 {
  return toHash32(keccak256(concatBytes(...commitments)));
}

/** `blsFastAggregateVerify`, or the crypto worker's. */
export type VerifyAggregate = (
  publicKeys: Uint8Array[],
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/**
 * True when the signers are rising members of the committee, hold 64 columns even after `lostNodesMax` of them are
 * lost, and signed the statement. Whether the statement is of the wanted chain, namespace and heights is the caller's
 * to compare.
 */
export async function verifyCertificate(
  certificate: Certificate,
  committee: DaCommittee,
  verify: VerifyAggregate,
): Promise<boolean> {
  const { signers, signature, statement } = certificate;
  const rising = signers.every((signer, index) => index === 0 || signer > signers[index - 1]!);
  const members = signers.map((signer) => committee.nodes[signer]);
  if (!rising || !members.every((member) => member !== undefined)) return false;
  if (availableAfterLoss(committee, signers) < columnsToRecover) return false;
  return verify(
    members.map((member) => member.publicKey),
    batchDigest(statement),
    signature,
  );
}
