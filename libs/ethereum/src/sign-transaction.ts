import type { Address } from '@sheaf/primitives';
import type { Transaction, TransactionFields } from './transaction.ts';

/** What a caller gives to be signed; what is left out is zero, empty or, for fees, taken from `gasPrice`. */
export type UnsignedTransaction = Pick<TransactionFields, 'type' | 'chainId' | 'nonce' | 'gasLimit'> &
  Partial<TransactionFields>;

/** The signed EIP-2718 encoding. */
export function signTransaction(_fields: UnsignedTransaction, _privateKey: Uint8Array): Uint8Array {
  throw new Error('not yet');
}

/** @throws ChainError `INVALID_ARGUMENT` on field `transaction.signature` when no key can have made it */
export function recoverSender(_transaction: Transaction): Address {
  throw new Error('not yet');
}
