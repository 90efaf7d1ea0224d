import type { Transaction } from '@sheaf/ethereum';
import type { Address, Hash32, Height } from '@sheaf/primitives';

/** A transaction that waits in the mempool, or is sealed and not executed yet. */
export interface PendingTransaction {
  readonly hash: Hash32;
  readonly raw: Uint8Array;
  readonly sender: Address;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Wei. */
  readonly maxFeePerGas: bigint;
  /** Wei. */
  readonly maxPriorityFeePerGas: bigint;
  /** Wei. */
  readonly value: bigint;
  /** Place in the order of arrival; no two of the mempool are equal. */
  readonly arrival: bigint;
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
  /** Height of the payload that carries it; undefined while it waits. */
  sealedHeight: Height | undefined;
}

/** The mempool's view of a decoded transaction. */
export function pendingTransaction(
  transaction: Transaction,
  sender: Address,
  arrival: bigint,
  receivedAtMs: number,
): PendingTransaction {
  const { hash, raw, nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, value } = transaction;
  return {
    hash,
    raw,
    sender,
    nonce,
    gasLimit,
    maxFeePerGas,
    maxPriorityFeePerGas,
    value,
    arrival,
    receivedAtMs,
    sealedHeight: undefined,
  };
}

/** What it may cost at worst: value + gas limit × max fee, in wei. The EVM demands this balance up front. */
export function worstCost(tx: Pick<PendingTransaction, 'value' | 'gasLimit' | 'maxFeePerGas'>): bigint {
  return tx.value + tx.gasLimit * tx.maxFeePerGas;
}

/** Wei a unit of gas that go to the fee recipient; negative when the max fee is below the base fee. */
export function effectiveTip(
  tx: Pick<PendingTransaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFeePerGas: bigint,
): bigint {
  const room = tx.maxFeePerGas - baseFeePerGas;
  return room < tx.maxPriorityFeePerGas ? room : tx.maxPriorityFeePerGas;
}
