import { decodeTransaction, signTransaction, type Transaction, type UnsignedTransaction } from '@sheaf/ethereum';
import { toAddress, toHash32, type Address } from '@sheaf/primitives';
import type { AccountSnapshot, AdmissionRules } from './admission.ts';
import type { SenderQueue } from './mempool.ts';
import { pendingTransaction, worstCost, type PendingTransaction } from './pending-transaction.ts';

/** For tests: small values that stand for real ones. */

export const testRules: AdmissionRules = {
  chainId: 7n,
  fork: 'osaka',
  blockGasLimit: 30_000_000n,
  tipMin: 0n,
  baseFeeMin: 7n,
  senderTransactionsMax: 4,
};

export const testKey = new Uint8Array(32).fill(1);
export const testRecipient = toAddress(new Uint8Array(20).fill(9));
export const richAccount: AccountSnapshot = { nonce: 0n, balance: 10n ** 20n, code: 'none' };

/** The `n`th sender. */
export function testSender(n: number): Address {
  return toAddress(new Uint8Array(20).fill(n + 1));
}

/** A signed transfer, decoded. */
export function testTransaction(fields: Partial<UnsignedTransaction> = {}): Transaction {
  const base = { type: 2, chainId: 7n, nonce: 0n, gasLimit: 21_000n, to: testRecipient, value: 1n } as const;
  return decodeTransaction(
    signTransaction({ ...base, maxFeePerGas: 100n, maxPriorityFeePerGas: 10n, ...fields }, testKey),
  );
}

let counter = 0n;

/** A waiting transaction that was never signed: the mempool does not look. */
export function testPending(fields: Partial<PendingTransaction> = {}): PendingTransaction {
  counter += 1n;
  return {
    hash: toHash32(`0x${counter.toString(16).padStart(64, '0')}`),
    raw: new Uint8Array(100),
    sender: testSender(0),
    nonce: 0n,
    gasLimit: 21_000n,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: 10n,
    value: 1n,
    arrival: counter,
    receivedAtMs: 0,
    sealedHeight: undefined,
    ...fields,
  };
}

export function testQueue(...entries: PendingTransaction[]): SenderQueue {
  return { entries, costTotal: entries.reduce((sum, entry) => sum + worstCost(entry), 0n) };
}

/** The same transaction as the mempool holds it. */
export function waiting(transaction: Transaction, fields: Partial<PendingTransaction> = {}): PendingTransaction {
  return { ...pendingTransaction(transaction, testSender(0), (counter += 1n), 0), ...fields };
}
