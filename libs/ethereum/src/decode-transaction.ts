import type { Transaction } from './transaction.ts';

/**
 * The transaction in `raw`: canonical RLP, bounded fields, low `s` (EIP-2).
 * @throws ChainError `INVALID_ARGUMENT` naming the field, for example `transaction.nonce`
 */
export function decodeTransaction(_raw: Uint8Array): Transaction {
  throw new Error('not yet');
}
