import type { Address, Hash32 } from '@sheaf/primitives';
import type { TransactionType } from './transaction.ts';

/** One event. */
export interface Log {
  address: Address;
  /** At most 4. */
  topics: Hash32[];
  data: Uint8Array;
}

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
  logs: Log[];
  /** 256 bytes. */
  logsBloom: Uint8Array;
}

/** The fields that consensus covers. */
export type ConsensusReceipt = Pick<Receipt, 'type' | 'status' | 'cumulativeGasUsed' | 'logsBloom' | 'logs'>;

/** EIP-2718 encoding of the consensus fields. */
export function encodeReceipt(_receipt: ConsensusReceipt): Uint8Array {
  throw new Error('not yet');
}

/** The 2048-bit filter over addresses and topics. 256 bytes. */
export function logsBloom(_logs: readonly Log[]): Uint8Array {
  throw new Error('not yet');
}
