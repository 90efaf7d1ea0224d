import type { Hash32 } from '@sheaf/primitives';
import type { Withdrawal } from './block.ts';
import type { ConsensusReceipt } from './receipt.ts';

/** Root of the trie that maps RLP(index) to the value. */
export function orderedRoot(_values: readonly Uint8Array[]): Hash32 {
  throw new Error('not yet');
}

/** A block's `transactionsRoot`, from EIP-2718 encodings. */
export function transactionsRoot(raws: readonly Uint8Array[]): Hash32 {
  return orderedRoot(raws);
}

/** A block's `receiptsRoot`. */
export function receiptsRoot(_receipts: readonly ConsensusReceipt[]): Hash32 {
  throw new Error('not yet');
}

/** A block's `withdrawalsRoot` (EIP-4895). */
export function withdrawalsRoot(_withdrawals: readonly Withdrawal[]): Hash32 {
  throw new Error('not yet');
}
