export { authorizationDigest, recoverAuthority } from './authorization.ts';
export { blobBaseFee, gasPerBlob, nextExcessBlobGas, type BlobSchedule } from './blob-gas.ts';
export {
  decodeBlock,
  decodeHeader,
  emptyOmmersHash,
  encodeBlock,
  encodeHeader,
  headerHash,
  type Block,
  type Header,
  type Withdrawal,
} from './block.ts';
export { contractAddress } from './contract-address.ts';
export { decodeTransaction, readTransaction } from './decode-transaction.ts';
export { encodeTransaction } from './encode-transaction.ts';
export { effectiveGasPrice, floorDataGas, intrinsicGas, nextBaseFee } from './gas.ts';
export { Logs, type Log, type RawLog } from './logs.ts';
export {
  OrderedTrie,
  orderedRoot,
  receiptsRoot,
  transactionsRoot,
  withdrawalsRoot,
  type HashMany,
} from './ordered-root.ts';
export { encodeReceipt, encodeReceipts, type ConsensusReceipt, type Receipt } from './receipt.ts';
export { revertReason } from './revert-reason.ts';
export { signingDigest } from './signing-digest.ts';
export { recoverSender, signTransaction, type UnsignedTransaction } from './sign-transaction.ts';
export type { AccessListEntry, Authorization, Transaction, TransactionFields, TransactionType } from './transaction.ts';
export { emptyRoot, Trie, type NodeSource } from './trie.ts';
