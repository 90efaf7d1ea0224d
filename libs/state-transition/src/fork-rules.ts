import type { BlobSchedule } from '@sheaf/ethereum';
import type { Fork } from '@sheaf/evm';

/** What the fork and the chain decide about a block and its transactions. */
export interface ForkRules {
  fork: Fork;
  chainId: bigint;
  blobs: BlobSchedule;
  /** EIP-7594: blobs of one transaction. */
  transactionBlobsMax: number;
  /** EIP-7623, 7702, 7685, 6110, 2935, 7002, 7251. */
  prague: boolean;
  /** EIP-7825, 7918, 7934, 7594. */
  osaka: boolean;
}

const schedules: Record<Fork, BlobSchedule> = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477n },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n },
  osaka: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716n },
};

/** The fork's rules; `blobs` when the chain has another blob schedule (EIP-7892). */
export function createForkRules(options: { fork: Fork; chainId: bigint; blobs?: BlobSchedule }): ForkRules {
  const { fork, chainId, blobs = schedules[fork] } = options;
  const osaka = fork === 'osaka';
  return { fork, chainId, blobs, transactionBlobsMax: osaka ? 6 : blobs.max, prague: fork !== 'cancun', osaka };
}
