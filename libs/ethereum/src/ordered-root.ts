import { bigintToBytes, encodeRlp, encodeRlpBytes, toHash32, type Hash32 } from '@sheaf/primitives';
import { withdrawalItem, type Withdrawal } from './block.ts';
import { encodeReceipt, type ConsensusReceipt } from './receipt.ts';
import { Trie } from './trie.ts';

/** Root of the trie that maps RLP(index) to the value. */
export function orderedRoot(values: readonly Uint8Array[]): Hash32 {
  const trie = new Trie();
  values.forEach((value, index) => trie.put(encodeRlpBytes(bigintToBytes(BigInt(index))), value));
  return toHash32(trie.commit().root);
}

/** A block's `transactionsRoot`, from EIP-2718 encodings. */
export function transactionsRoot(raws: readonly Uint8Array[]): Hash32 {
  return orderedRoot(raws);
}

/** A block's `receiptsRoot`. */
export function receiptsRoot(receipts: readonly ConsensusReceipt[]): Hash32 {
  return orderedRoot(receipts.map(encodeReceipt));
}

/** A block's `withdrawalsRoot` (EIP-4895). */
export function withdrawalsRoot(withdrawals: readonly Withdrawal[]): Hash32 {
  return orderedRoot(withdrawals.map((withdrawal) => encodeRlp(withdrawalItem(withdrawal))));
}
