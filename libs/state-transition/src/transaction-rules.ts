import { floorDataGas, gasPerBlob, intrinsicGas, type TransactionFields } from '@sheaf/ethereum';
import { limits } from '@sheaf/primitives';
import type { ForkRules } from './fork-rules.ts';
import type { InvalidReason } from './invalid-reason.ts';

/** EIP-3860. */
export const initcodeBytesMax = 49_152;
const uint64Max = 2n ** 64n - 1n;
const uint256Max = 2n ** 256n - 1n;

/** Why no block of the chain may have the transaction, by its type and its chain. */
export function refuseForm(transaction: TransactionFields, rules: ForkRules): InvalidReason | undefined {
  if (transaction.type === 4 && !rules.prague) return 'TYPE_NOT_SUPPORTED';
  if (transaction.chainId !== undefined && transaction.chainId !== rules.chainId) return 'WRONG_CHAIN';
  return undefined;
}

/** Why no block of the chain may have it, by its other fields alone. */
export function refuseFields(transaction: TransactionFields, rules: ForkRules): InvalidReason | undefined {
  const { nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas } = transaction;
  if (nonce >= uint64Max) return 'NONCE_IS_MAX';
  if (maxPriorityFeePerGas > maxFeePerGas) return 'PRIORITY_FEE_ABOVE_MAX_FEE';
  if (gasLimit * maxFeePerGas > uint256Max) return 'GAS_PRICE_OVERFLOW';
  return transaction.type === 3
    ? refuseBlobs(transaction, rules)
    : transaction.type === 4
      ? refuseAuthorizations(transaction)
      : undefined;
}

/** EIP-4844, 7594. */
function refuseBlobs({ to, blobVersionedHashes }: TransactionFields, rules: ForkRules): InvalidReason | undefined {
  if (to === undefined) return 'BLOB_CREATION';
  if (blobVersionedHashes.length === 0) return 'NO_BLOBS';
  if (!blobVersionedHashes.every((hash) => hash.startsWith('0x01'))) return 'BLOB_HASH_VERSION';
  return blobVersionedHashes.length > rules.transactionBlobsMax ? 'TOO_MANY_BLOBS' : undefined;
}

/** EIP-7702. */
function refuseAuthorizations({ to, authorizationList }: TransactionFields): InvalidReason | undefined {
  if (to === undefined) return 'AUTHORIZATION_CREATION';
  return authorizationList.length === 0 ? 'NO_AUTHORIZATIONS' : undefined;
}

/** What a transaction must pay for at least, whatever it does. */
export interface LeastGas {
  /** Charged before the first instruction. */
  intrinsic: bigint;
  /** EIP-7623: charged in the end if that is more; 0 before Prague. */
  floor: bigint;
}

export function leastGas(transaction: Parameters<typeof intrinsicGas>[0], rules: ForkRules): LeastGas {
  return { intrinsic: intrinsicGas(transaction), floor: rules.prague ? floorDataGas(transaction) : 0n };
}

/** Why the block has no room for it, or it does not pay its price. */
export function refusePlace(
  transaction: TransactionFields,
  { intrinsic, floor }: LeastGas,
  place: {
    rules: ForkRules;
    environment: { baseFeePerGas: bigint; blobBaseFee: bigint };
    gasLeft: bigint;
    blobGasLeft: bigint;
  },
): InvalidReason | undefined {
  const { gasLimit, to, data, maxFeePerGas } = transaction;
  const { rules, environment } = place;
  if (gasLimit > place.gasLeft) return 'BLOCK_GAS_EXCEEDED';
  if (rules.osaka && gasLimit > limits.transactionGasMax) return 'TRANSACTION_GAS_EXCEEDED';
  if (blobGas(transaction) > place.blobGasLeft) return 'BLOB_GAS_EXCEEDED';
  if (to === undefined && data.length > initcodeBytesMax) return 'INITCODE_TOO_LARGE';
  if (gasLimit < intrinsic) return 'INTRINSIC_GAS';
  if (gasLimit < floor) return 'FLOOR_GAS';
  if (maxFeePerGas < environment.baseFeePerGas) return 'FEE_CAP_TOO_LOW';
  if (transaction.type === 3 && transaction.maxFeePerBlobGas < environment.blobBaseFee) return 'BLOB_FEE_CAP_TOO_LOW';
  return undefined;
}

/** Why its sender may not send it now. `code`: the sender's, asked for when there is any. */
export function refuseSender(
  transaction: TransactionFields,
  account: { nonce: bigint; balance: bigint },
  code: () => Uint8Array,
  rules: ForkRules,
): InvalidReason | undefined {
  if (transaction.nonce < account.nonce) return 'NONCE_TOO_LOW';
  if (transaction.nonce > account.nonce) return 'NONCE_TOO_HIGH';
  const { gasLimit, maxFeePerGas, maxFeePerBlobGas, value } = transaction;
  const blobFee = transaction.type === 3 ? blobGas(transaction) * maxFeePerBlobGas : 0n;
  if (account.balance < gasLimit * maxFeePerGas + blobFee + value) return 'INSUFFICIENT_FUNDS';
  // EIP-3607 with EIP-7702's exception.
  const bytes = code();
  return bytes.length === 0 || (rules.prague && delegateOf(bytes) !== undefined) ? undefined : 'SENDER_NOT_EOA';
}

/** EIP-7702: the 20 bytes of the address that the code delegates to, if it does. */
export function delegateOf(code: Uint8Array): Uint8Array | undefined {
  const designates = code.length === 23 && code[0] === 0xef && code[1] === 0x01 && code[2] === 0x00;
  return designates ? code.subarray(3) : undefined;
}

/** 0 for all types but 3. */
export function blobGas({ blobVersionedHashes }: TransactionFields): bigint {
  return gasPerBlob * BigInt(blobVersionedHashes.length);
}
