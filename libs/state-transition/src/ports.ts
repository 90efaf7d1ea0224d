import type { MissingKey } from '@sheaf/evm';
import type { AccessListEntry, Header, Receipt, Withdrawal } from '@sheaf/ethereum';
import type { Address, Hash32 } from '@sheaf/primitives';
import type { Payload } from '@sheaf/protocol';
import type { AccessList, BlockChanges, BlockState, StateReader } from '@sheaf/state';

/** What suffices to execute one payload with no other state. */
export interface Witness {
  /** As `encodeWitness` of libs/state writes it. */
  state: Uint8Array;
  /** RLP headers that were read, the parent first, by falling height, without holes. */
  headers: Uint8Array[];
}

/** Why a transaction of a payload is not in the block. */
export type DropReason =
  | 'NONCE_TOO_LOW'
  | 'NONCE_TOO_HIGH'
  | 'INSUFFICIENT_FUNDS'
  | 'FEE_CAP_TOO_LOW'
  | 'INTRINSIC_GAS'
  | 'GAS_LIMIT_EXCEEDED'
  | 'BLOB_TRANSACTION'
  | 'WRONG_CHAIN'
  | 'INVALID_SIGNATURE'
  | 'MALFORMED'
  | 'SENDER_NOT_EOA'
  | 'INITCODE_TOO_LARGE'
  | 'UNSUPPORTED';

/** A transaction that the payload has and the block has not. */
export interface DroppedTransaction {
  payloadIndex: number;
  hash: Hash32;
  reason: DropReason;
  /** With `UNSUPPORTED`: what the engine cannot run. */
  cause?: string;
}

/** A payload executed. */
export interface ExecutedBlock {
  header: Header;
  hash: Hash32;
  payloadHash: Hash32;
  /** EIP-2718 encodings of what was included. */
  transactions: Uint8Array[];
  withdrawals: Withdrawal[];
  receipts: Receipt[];
  dropped: DroppedTransaction[];
  /** The whole block as Ethereum's RLP. */
  rlp: Uint8Array;
}

export interface ExecutePayloadInput {
  payload: Payload;
  payloadHash: Hash32;
  /** The block that this one comes after. */
  parent: Header;
  /** One a transaction of the payload, when somebody trusted has recovered them; `undefined`: its signature is bad. */
  senders?: (Address | undefined)[];
  /** Up to 256, parent first, by falling height: for BLOCKHASH. */
  ancestors: Header[];
}

export interface ExecutePayloadResult {
  block: ExecutedBlock;
  changes: BlockChanges;
  /** What the block read and wrote: `collectWitness` makes a witness of it. */
  accessList: AccessList;
  /** RLP headers that were read, the parent first, by falling height, without holes. */
  headers: Uint8Array[];
}

/** A change to one account for the length of one call. */
export interface StateOverride {
  address: Address;
  balance: bigint | undefined;
  nonce: bigint | undefined;
  code: Uint8Array | undefined;
  /** Set beside the slots that are there. */
  slots: { slot: Hash32; value: Hash32 }[];
}

/** A message to run without a transaction. Amounts in wei. */
export interface CallMessage {
  from: Address;
  /** `undefined`: a creation. */
  to: Address | undefined;
  data: Uint8Array;
  value: bigint;
  /** 0: the maximum of the service. */
  gasLimit: bigint;
  gasPrice: bigint;
  accessList: AccessListEntry[];
  overrides: StateOverride[];
}

export interface CallResult {
  status: 'success' | 'revert' | 'halt';
  /** Returned bytes, the revert data, or nothing. */
  output: Uint8Array;
  /** Refunds not taken off; not below EIP-7623's floor. */
  gasUsed: bigint;
  /** Words for a halt, for example "out of gas"; else empty. */
  haltReason: string;
}

export interface CallInput {
  /** The block after which the message runs: its state and its environment. */
  header: Header;
  message: CallMessage;
  /** Up to 256 before `header`, its parent first: for BLOCKHASH. */
  ancestors: Header[];
  /**
   * What the state has answered with a guess, because it is elsewhere: more is found out that way in one run than by stopping
   * at the first such key. When there is any, nothing else comes of the run but MissingState with these.
   */
  guessed?: () => MissingKey[];
}

/**
 * Executes payloads and messages. Obligations: deterministic (no clock, no randomness); `executePayload` reads nothing
 * but its input and `state`; what it read is in the access list, so that executing on the witness of that gives the same
 * block.
 */
export interface ExecutionEngine {
  /**
   * The block that the payload determines. Transactions that are not valid at their place are dropped with a reason.
   * @throws ChainError `CONFLICT` when the payload does not come after `parent`, `INVALID_ARGUMENT` when its own
   * fields cannot make a header, `DATA_LOSS` when a node or a code that is needed is missing
   */
  executePayload(input: ExecutePayloadInput, state: BlockState): Promise<ExecutePayloadResult>;
  /**
   * Runs the message after `header`. Fees are charged only when a gas price is given.
   * @throws ChainError `REJECTED` when it cannot even start (`INSUFFICIENT_FUNDS`, `INTRINSIC_GAS`,
   * `INITCODE_TOO_LARGE`, `FEE_CAP_TOO_LOW`), `DATA_LOSS`; MissingState when the state answers `notHere`, or has guessed
   */
  call(input: CallInput, state: StateReader): Promise<CallResult>;
  /**
   * The least gas limit with which the message succeeds (within 1.5 %, as geth's).
   * @throws ChainError `REJECTED` with reason `REVERTED` and the revert data, or `OUT_OF_GAS` when no allowed limit
   * suffices, and what `call` throws
   */
  estimateGas(input: CallInput, state: StateReader): Promise<bigint>;
}
