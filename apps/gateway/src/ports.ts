import type { Header, Log, Receipt, Withdrawal } from '@sheaf/ethereum';
import type { Address, Hash32, Height } from '@sheaf/primitives';
import type { TraceOptions } from '@sheaf/proto';

export type { TraceOptions, Tracer } from '@sheaf/proto';

/** A position of the chain. */
export interface Head {
  height: Height;
  hash: Hash32;
}

/** A block as it comes from execution, checked: the hash is the header's, the receipts match the transactions. */
export interface ExecutedBlock {
  hash: Hash32;
  payloadHash: Hash32;
  header: Header;
  /** EIP-2718 encodings. */
  transactions: Uint8Array[];
  withdrawals: Withdrawal[];
  /** One for every transaction, in order. */
  receipts: Receipt[];
  /** Length of the whole RLP encoding. */
  sizeBytes: number;
}

/** A block of the index, without the transactions themselves. */
export interface IndexedBlock {
  hash: Hash32;
  payloadHash: Hash32;
  header: Header;
  withdrawals: Withdrawal[];
  sizeBytes: number;
  /** In block order. */
  transactionHashes: Hash32[];
}

/** A transaction of the index with what its receipt says, but the logs. */
export interface IndexedTransaction {
  blockHash: Hash32;
  height: Height;
  /** Place in the block, from 0. */
  index: number;
  raw: Uint8Array;
  hash: Hash32;
  type: number;
  sender: Address;
  recipient: Address | undefined;
  contractAddress: Address | undefined;
  status: boolean;
  cumulativeGasUsed: bigint;
  gasUsed: bigint;
  /** Wei. */
  effectiveGasPrice: bigint;
}

/** A log with its place in the chain. */
export interface IndexedLog extends Log {
  height: Height;
  blockHash: Hash32;
  /** Unix seconds. */
  timestamp: bigint;
  transactionHash: Hash32;
  transactionIndex: number;
  /** Place in the block, from 0. */
  logIndex: number;
}

/** Which logs: an empty list, or an `undefined` position, takes anything. */
export interface LogCriteria {
  addresses: Address[];
  /** At most 4 positions; each a list of alternatives or `undefined` for any. */
  topics: (Hash32[] | undefined)[];
}

/** One block's figures for fee estimates. */
export interface BlockFees {
  height: Height;
  baseFeePerGas: bigint;
  gasUsed: bigint;
  gasLimit: bigint;
  /** The transactions' priority fees actually paid, in wei, with the gas that they used. */
  rewards: { tip: bigint; gasUsed: bigint }[];
}

/** The read model. Answers only what is indexed; `undefined` or an empty list for what is not. */
export interface BlockIndex {
  blockByHeight(height: Height): Promise<IndexedBlock | undefined>;
  blockByHash(hash: Hash32): Promise<IndexedBlock | undefined>;
  heightOf(hash: Hash32): Promise<Height | undefined>;
  transactionByHash(hash: Hash32): Promise<IndexedTransaction | undefined>;
  transactionAt(height: Height, index: number): Promise<IndexedTransaction | undefined>;
  /** In block order. */
  transactionsOf(height: Height): Promise<IndexedTransaction[]>;
  /** In block order; of one transaction when `transactionIndex` is given. */
  logsOf(height: Height, transactionIndex?: number): Promise<IndexedLog[]>;
  /** Matching logs of the heights `from` to `to`, in chain order, at most `max`. */
  findLogs(criteria: LogCriteria, from: Height, to: Height, max: number): Promise<IndexedLog[]>;
  /** By rising height. */
  blockHashes(from: Height, to: Height): Promise<Hash32[]>;
  /** By rising height; `rewards` is empty unless asked for. */
  fees(from: Height, to: Height, withRewards: boolean): Promise<BlockFees[]>;
}

/** The writing side of the read model. */
export interface IndexWriter {
  /** The highest indexed block. */
  latest(): Promise<IndexedBlock | undefined>;
  head(name: 'safe' | 'finalized'): Promise<Head | undefined>;
  /** The block at a height, in short. */
  refAt(height: Height): Promise<{ hash: Hash32; payloadHash: Hash32 } | undefined>;
  /**
   * Writes the block with transactions, receipts and logs in one transaction. Idempotent: the same block again changes nothing.
   * @throws ChainError `CONFLICT` when another block is there, or the parent at the height below is another one; nothing is written then
   */
  append(block: ExecutedBlock): Promise<void>;
  /** Moves a head forward; never back. */
  advance(name: 'safe' | 'finalized', head: Head): Promise<void>;
}

/** A message for `eth_call` and `eth_estimateGas`. Amounts in wei. */
export interface CallMessage {
  from: Address | undefined;
  to: Address | undefined;
  data: Uint8Array;
  value: bigint;
  /** `undefined`: the service's maximum. */
  gasLimit: bigint | undefined;
  gasPrice: bigint;
  accessList: { address: Address; storageKeys: Hash32[] }[];
  overrides: StateOverride[];
}

/** A change to one account for one call. */
export interface StateOverride {
  address: Address;
  balance: bigint | undefined;
  nonce: bigint | undefined;
  code: Uint8Array | undefined;
  slots: { slot: Hash32; value: Hash32 }[];
}

export interface Account {
  address: Address;
  balance: bigint;
  nonce: bigint;
  codeHash: Hash32;
  storageRoot: Hash32;
}

export interface AccountProof {
  account: Account;
  accountProof: Uint8Array[];
  storageProofs: { slot: Hash32; value: bigint; proof: Uint8Array[] }[];
}

export type CallOutcome =
  | { status: 'success'; output: Uint8Array }
  | { status: 'revert'; output: Uint8Array }
  | { status: 'halt'; reason: string };

/** State reads. Every answer is of the state after the block at `height`. @throws ChainError as execution does */
export interface StateReader {
  account(height: Height, address: Address, signal?: AbortSignal): Promise<Account>;
  code(height: Height, address: Address, signal?: AbortSignal): Promise<Uint8Array>;
  storage(height: Height, address: Address, slot: Hash32, signal?: AbortSignal): Promise<Uint8Array>;
  proof(height: Height, address: Address, slots: Hash32[], signal?: AbortSignal): Promise<AccountProof>;
  call(height: Height, message: CallMessage, signal?: AbortSignal): Promise<CallOutcome>;
  /** @throws ChainError `REJECTED` with the revert data when the message fails at every limit */
  estimateGas(height: Height, message: CallMessage, signal?: AbortSignal): Promise<bigint>;
}

/** The trace of one transaction. */
export interface TransactionTrace {
  hash: Hash32;
  /** JSON, as geth writes it. */
  json: string;
}

/**
 * Runs again what was run. At most 32 MiB of JSON.
 * @throws ChainError `NOT_FOUND` when the state before it is not kept, `LIMIT`, `DEADLINE`, as execution does
 */
export interface TraceSource {
  /** Of the block's transactions in order, or of the one at `index`. */
  traceBlock(
    height: Height,
    index: number | undefined,
    options: TraceOptions,
    signal?: AbortSignal,
  ): Promise<TransactionTrace[]>;
  /** On the state after the block. JSON, as geth writes it. */
  traceCall(height: Height, message: CallMessage, options: TraceOptions, signal?: AbortSignal): Promise<string>;
}

/** Blocks as execution has them. */
export interface BlockSource {
  head(): Promise<Head>;
  /** @throws ChainError `NOT_FOUND` above the head, `DATA_LOSS` when the block does not hold together */
  block(height: Height): Promise<ExecutedBlock>;
}

/** What admission said to one transaction. */
export type SubmitOutcome =
  { accepted: true } | { accepted: false; reason: string; message: string; retryAfterMs: number };

export type SequencerStage = 'pending' | 'sealed' | 'included' | 'dropped' | 'replaced';

/** A transaction as the sequencer has it. */
export interface SequencerTransaction {
  stage: SequencerStage;
  raw: Uint8Array;
  /** Set when sealed or later. */
  height: Height | undefined;
  /** Why it was dropped or replaced; else empty. */
  reason: string;
}

/** The sequencer, as far as the gateway needs it. */
export interface Ordering {
  /** One outcome a transaction, in order. Idempotent. At most `limits.submitBatchMax` transactions. */
  submit(transactions: Uint8Array[]): Promise<SubmitOutcome[]>;
  transaction(hash: Hash32, signal?: AbortSignal): Promise<SequencerTransaction | undefined>;
  pendingNonce(address: Address, signal?: AbortSignal): Promise<bigint>;
  status(signal?: AbortSignal): Promise<SequencerStatus>;
}

export interface SequencerStatus {
  sealedHeight: bigint;
  executedHeight: bigint;
  safeHeight: bigint;
  finalizedHeight: bigint;
  epoch: bigint;
  mempoolTransactions: bigint;
  nextBaseFeePerGas: bigint;
}
