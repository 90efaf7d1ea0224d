import { encodeRlpMany, type Address, type Hash32 } from '@sheaf/primitives';
import type { Logs } from './logs.ts';
import type { TransactionType } from './transaction.ts';

/** What a transaction left behind: the consensus fields and those that can be derived. */
export interface Receipt {
  transactionHash: Hash32;
  type: TransactionType;
  status: boolean;
  cumulativeGasUsed: bigint;
  gasUsed: bigint;
  /** Wei. */
  effectiveGasPrice: bigint;
  blobGasUsed: bigint;
  sender: Address;
  recipient?: Address;
  contractAddress?: Address;
  logs: Logs;
  /** 256 bytes. */
  logsBloom: Uint8Array;
}

/** The fields that consensus covers. */
export type ConsensusReceipt = Pick<Receipt, 'type' | 'status' | 'cumulativeGasUsed' | 'logsBloom' | 'logs'>;

/** About what one takes with one log. */
const receiptBytes = 512;

/** EIP-2718 encoding of the consensus fields. */
export function encodeReceipt(receipt: ConsensusReceipt): Uint8Array {
  return encodeReceipts([receipt])[0]!;
}

/** As `encodeReceipt`, of each. */
export function encodeReceipts(receipts: readonly ConsensusReceipt[]): Uint8Array[] {
  return encodeRlpMany(receipts.length, receiptBytes, (writer, index, from) => {
    const { type, status, cumulativeGasUsed, logsBloom, logs } = receipts[index]!;
    writer.items(logs.rlp);
    writer.list(from);
    writer.bytes(logsBloom);
    writer.natural(cumulativeGasUsed);
    writer.natural(status ? 1n : 0n);
    writer.list(from);
    if (type > 0) writer.byte(type);
  });
}
