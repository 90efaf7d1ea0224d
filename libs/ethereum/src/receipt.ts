import { keccak256 } from '@sheaf/crypto';
import { encodeRlpMany, hexToBytes, type RlpBackWriter, type Address, type Hash32 } from '@sheaf/primitives';
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
    for (let at = logs.length - 1; at >= 0; at--) writeLog(writer, logs[at]!);
    writer.list(from);
    writer.bytes(logsBloom);
    writer.natural(cumulativeGasUsed);
    writer.natural(status ? 1n : 0n);
    writer.list(from);
    if (type > 0) writer.byte(type);
  });
}

function writeLog(writer: RlpBackWriter, { address, topics, data }: Log): void {
  const end = writer.length;
  writer.bytes(data);
  const topicsEnd = writer.length;
  for (let at = topics.length - 1; at >= 0; at--) writer.hex(topics[at]!);
  writer.list(topicsEnd);
  writer.hex(address);
  writer.list(end);
}

/** The 2048-bit filter over addresses and topics (yellow paper 4.3.1). 256 bytes. */
export function logsBloom(logs: readonly Log[]): Uint8Array {
  const bloom = new Uint8Array(256);
  for (const { address, topics } of logs) {
    for (const entry of [address, ...topics]) {
      const hash = keccak256(hexToBytes(entry));
      for (const at of [0, 2, 4]) {
        const bit = ((hash[at]! << 8) | hash[at + 1]!) & 2047;
        bloom[255 - (bit >> 3)]! |= 1 << (bit & 7);
      }
    }
  }
  return bloom;
}
