import { bigintToBytes, concatBytes, encodeRlp } from '@sheaf/primitives';
import { unsignedFields } from './signing-digest.ts';
import type { Transaction, TransactionFields } from './transaction.ts';

/**
 * The signed EIP-2718 encoding, whoever made the signature: what `readTransaction` reads. Nothing is checked but that no
 * number is negative.
 */
export function encodeTransaction(
  fields: TransactionFields,
  { r, s, yParity }: Pick<Transaction, 'r' | 's' | 'yParity'>,
): Uint8Array {
  const v = fields.type > 0 ? 0n : fields.chainId === undefined ? 27n : 35n + 2n * fields.chainId;
  const signature = [v + BigInt(yParity), r, s].map(bigintToBytes);
  const body = encodeRlp([...unsignedFields(fields), ...signature]);
  return fields.type === 0 ? body : concatBytes(Uint8Array.of(fields.type), body);
}
