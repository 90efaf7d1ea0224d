import { publicKeyToAddress, recoverPublicKey, signDigest } from '@sheaf/crypto';
import {
  bigintToBytes,
  bigintToFixedBytes,
  bytesToBigint,
  concatBytes,
  encodeRlp,
  type Address,
} from '@sheaf/primitives';
import { invalid } from './fields.ts';
import { signingDigest, unsignedFields } from './signing-digest.ts';
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
  const signature = [bigintToBytes(bytesToBigint(r)), bigintToBytes(bytesToBigint(s))];
  if (fields.type === 0) {
    const v = fields.chainId === undefined ? 27n : 35n + 2n * fields.chainId;
    return encodeRlp([...unsignedFields(fields), bigintToBytes(v + BigInt(yParity)), ...signature]);
  }
  const body = encodeRlp([...unsignedFields(fields), bigintToBytes(BigInt(yParity)), ...signature]);
  return concatBytes(Uint8Array.of(fields.type), body);
}

/** @throws ChainError `INVALID_ARGUMENT` on field `transaction.signature` when no key can have made it */
export function recoverSender(transaction: Pick<Transaction, 'signingDigest' | 'r' | 's' | 'yParity'>): Address {
  const { signingDigest: digest, yParity } = transaction;
  try {
    const r = bigintToFixedBytes(transaction.r, 32);
    const s = bigintToFixedBytes(transaction.s, 32);
    return publicKeyToAddress(recoverPublicKey(digest, { r, s, yParity }));
  } catch {
    throw invalid('transaction.signature', 'recovers to no public key');
  }
}
