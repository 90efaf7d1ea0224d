import { publicKeyToAddress, recoverPublicKey, signDigest } from '@sheaf/crypto';
import { bigintToFixedBytes, bytesToBigint, type Address } from '@sheaf/primitives';
import { encodeTransaction } from './encode-transaction.ts';
import { invalid } from './fields.ts';
import { signingDigest } from './signing-digest.ts';
import type { Transaction, TransactionFields } from './transaction.ts';

/** What a caller gives to be signed; what is left out is zero, empty or, for fees, taken from `gasPrice`. */
export type UnsignedTransaction = Pick<TransactionFields, 'type' | 'chainId' | 'nonce' | 'gasLimit'> &
  Partial<TransactionFields>;

/**
 * The signed EIP-2718 encoding. Deterministic (RFC 6979).
 * @example signTransaction({ type: 2, chainId: 1n, nonce: 0n, gasLimit: 21_000n, to, value: 1n, maxFeePerGas }, key)
 */
export function signTransaction(unsigned: UnsignedTransaction, privateKey: Uint8Array): Uint8Array {
  const fields: TransactionFields = {
    to: undefined,
    value: 0n,
    data: new Uint8Array(0),
    accessList: [],
    authorizationList: [],
    maxFeePerBlobGas: 0n,
    blobVersionedHashes: [],
    ...unsigned,
    maxFeePerGas: unsigned.maxFeePerGas ?? unsigned.gasPrice ?? 0n,
    maxPriorityFeePerGas: unsigned.maxPriorityFeePerGas ?? unsigned.gasPrice ?? 0n,
  };
  const { r, s, yParity } = signDigest(signingDigest(fields), privateKey);
  return encodeTransaction(fields, { r: bytesToBigint(r), s: bytesToBigint(s), yParity });
}

/** @throws ChainError `INVALID_ARGUMENT` on field `transaction.signature` when no key can have made it */
export function recoverSender(transaction: TransactionFields & Pick<Transaction, 'r' | 's' | 'yParity'>): Address {
  const digest = signingDigest(transaction);
  const { yParity } = transaction;
  try {
    const r = bigintToFixedBytes(transaction.r, 32);
    const s = bigintToFixedBytes(transaction.s, 32);
    return publicKeyToAddress(recoverPublicKey(digest, { r, s, yParity }));
  } catch {
    throw invalid('transaction.signature', 'recovers to no public key');
  }
}
