import { keccak256 } from '@sheaf/crypto';
import { decodeTransaction, recoverSender, type Transaction } from '@sheaf/ethereum';
import { isChainError, toHash32, type Address, type Hash32 } from '@sheaf/primitives';
import { refuseForm } from './transaction-rules.ts';
import type { ForkRules } from './fork-rules.ts';
import type { InvalidReason } from './invalid-reason.ts';
import type { DropReason } from './ports.ts';

/** A payload's transaction that may be tried, or why not. */
export type ReadTransaction =
  { transaction: Transaction; sender: Address } | { hash: Hash32; reason: DropReason; transaction?: never };

/**
 * A payload's transaction with its sender. The order of the rules, here and in `applyTransaction`, is the protocol's:
 * the reason is the same for everyone. `rawHash`: keccak256 of `raw`, where it is known.
 */
export function readPayloadTransaction(
  raw: Uint8Array,
  known: { sender: Address | undefined } | undefined,
  rules: ForkRules,
  rawHash = keccak256(raw),
): ReadTransaction {
  const transaction = accepted(() => decodeTransaction(raw, rawHash));
  if (transaction === undefined) return { hash: toHash32(rawHash), reason: 'MALFORMED' };
  const { hash } = transaction;
  // Payloads have no blobs: data availability is the chain's own.
  if (transaction.type === 3) return { hash, reason: 'BLOB_TRANSACTION' };
  const reason = refuseForm(transaction, rules);
  if (reason !== undefined) return { hash, reason: dropReasons[reason] };
  const sender = known === undefined ? accepted(() => recoverSender(transaction)) : known.sender;
  return sender === undefined ? { hash, reason: 'INVALID_SIGNATURE' } : { transaction, sender };
}

/** The payload's word for each reason. */
export const dropReasons: Record<InvalidReason, DropReason> = {
  TYPE_NOT_SUPPORTED: 'UNSUPPORTED',
  WRONG_CHAIN: 'WRONG_CHAIN',
  INVALID_SIGNATURE: 'INVALID_SIGNATURE',
  NONCE_IS_MAX: 'MALFORMED',
  PRIORITY_FEE_ABOVE_MAX_FEE: 'MALFORMED',
  GAS_PRICE_OVERFLOW: 'MALFORMED',
  BLOB_CREATION: 'BLOB_TRANSACTION',
  NO_BLOBS: 'BLOB_TRANSACTION',
  BLOB_HASH_VERSION: 'BLOB_TRANSACTION',
  TOO_MANY_BLOBS: 'BLOB_TRANSACTION',
  AUTHORIZATION_CREATION: 'MALFORMED',
  NO_AUTHORIZATIONS: 'MALFORMED',
  BLOCK_GAS_EXCEEDED: 'GAS_LIMIT_EXCEEDED',
  TRANSACTION_GAS_EXCEEDED: 'GAS_LIMIT_EXCEEDED',
  BLOB_GAS_EXCEEDED: 'BLOB_TRANSACTION',
  INITCODE_TOO_LARGE: 'INITCODE_TOO_LARGE',
  INTRINSIC_GAS: 'INTRINSIC_GAS',
  FLOOR_GAS: 'INTRINSIC_GAS',
  FEE_CAP_TOO_LOW: 'FEE_CAP_TOO_LOW',
  BLOB_FEE_CAP_TOO_LOW: 'BLOB_TRANSACTION',
  NONCE_TOO_LOW: 'NONCE_TOO_LOW',
  NONCE_TOO_HIGH: 'NONCE_TOO_HIGH',
  INSUFFICIENT_FUNDS: 'INSUFFICIENT_FUNDS',
  SENDER_NOT_EOA: 'SENDER_NOT_EOA',
};

/** `undefined` when the bytes or the signature are refused. */
function accepted<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) return undefined;
    throw error;
  }
}
