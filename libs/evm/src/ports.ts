import type { Logs } from '@sheaf/ethereum';
import type { Address, Hash32 } from '@sheaf/primitives';

/** The rule sets that the engine knows. */
export type Fork = 'cancun' | 'prague' | 'osaka';

/** What a host answers for a state key that is not on this machine (yet). */
export const notHere: unique symbol = Symbol('not here');

/** An account as it was before the transaction. */
export interface HostAccount {
  nonce: bigint;
  balance: bigint;
  /** 32 bytes. */
  codeHash: Uint8Array;
  /** Whether its storage trie has any slot (EIP-7610). */
  hasStorage: boolean;
}

/**
 * The state before the transaction, and what of the chain the EVM can see. Synchronous and pure for the length of a
 * transaction: the engine asks for each key once and keeps the answer. The arrays that it hands over are views which
 * are valid during the call only. What a host throws leaves the engine usable.
 */
export interface Host {
  /** `undefined`: there is no such account. `address`: 20 bytes. */
  account(address: Uint8Array): HostAccount | undefined | typeof notHere;
  /** 32 bytes big-endian, or `undefined` for zero. `slot`: 32 bytes big-endian. */
  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined | typeof notHere;
  /** The code with this hash, which is never the empty code's. */
  code(codeHash: Uint8Array): Uint8Array | typeof notHere;
  /** The hash of one of the 256 blocks before this one; `undefined` when there is none. 32 bytes. */
  blockHash(number: bigint): Uint8Array | undefined | typeof notHere;
}

/** The block that a transaction is in. Immutable: one object for all transactions of a block is cheapest. */
export interface BlockEnvironment {
  coinbase: Address;
  number: bigint;
  timestamp: bigint;
  prevRandao: Hash32;
  gasLimit: bigint;
  /** Wei. */
  baseFeePerGas: bigint;
  /** Wei: what BLOBBASEFEE answers. */
  blobBaseFee: bigint;
}

/** What of the transaction every one of its messages sees. */
export interface TransactionEnvironment {
  origin: Address;
  /** Wei: the effective price, what GASPRICE answers. */
  gasPrice: bigint;
  blobVersionedHashes: readonly Hash32[];
}

/** A key that the host did not have. */
export type MissingKey =
  | { kind: 'account'; address: Address }
  | { kind: 'slot'; address: Address; slot: Hash32 }
  | { kind: 'code'; codeHash: Hash32 }
  | { kind: 'blockHash'; number: bigint };

/** A message call, or a creation when `to` is `undefined`. */
export interface Message {
  caller: Address;
  to: Address | undefined;
  /** Wei, taken from the caller and given to the callee. */
  value: bigint;
  /** Call data or init code. */
  data: Uint8Array;
  /** 0 … 2^63-1. */
  gas: bigint;
  /** Creations: the caller's nonce that decides the address. The engine does not raise the caller's nonce. */
  nonce?: bigint;
}

/** Why a message halted with all its gas used. */
export type HaltReason =
  | 'OUT_OF_GAS'
  | 'STACK_UNDERFLOW'
  | 'STACK_OVERFLOW'
  | 'INVALID_JUMP'
  | 'INVALID_OPCODE'
  | 'STATIC_STATE_CHANGE'
  | 'RETURN_DATA_OUT_OF_BOUNDS'
  | 'CREATE_COLLISION'
  | 'CODE_TOO_LARGE'
  | 'CODE_STARTS_WITH_EF'
  | 'INSUFFICIENT_BALANCE'
  | 'PRECOMPILE_FAILED';

export type MessageResult =
  | {
      status: 'success';
      /** What RETURN gave; for a creation the deployed code. */
      output: Uint8Array;
      gasLeft: bigint;
      /** The contract, for a creation. */
      created: Address | undefined;
    }
  | { status: 'revert'; output: Uint8Array; gasLeft: bigint }
  | { status: 'halt'; reason: HaltReason }
  /** Stopped without a trace: run it again from `begin` when the host has the keys. */
  | { status: 'missing'; keys: MissingKey[] };

/** An account as the transaction sees it now; one that does not exist has zeros and the empty code's hash. */
export interface AccountView {
  nonce: bigint;
  balance: bigint;
  /** 32 bytes, not to be written to. */
  codeHash: Uint8Array;
}

/**
 * One account that the transaction read, with what it was and what it is. Its code's hash and whether it has storage
 * count as read always.
 */
export interface AccountEffect {
  /** 20 bytes. */
  address: Uint8Array;
  /** What the host answered. The bytes of `codeHash` are not to be written to. */
  before: HostAccount | undefined;
  /** `undefined`: it does not exist afterwards (it was destroyed, or touched and empty: EIP-161). */
  after: AccountView | undefined;
  /** Set when the code is another than before. */
  code: Uint8Array | undefined;
  /** By CREATE, CREATE2 or a creation transaction: whatever storage `before` had is gone. */
  created: boolean;
  /** By SELFDESTRUCT in the transaction that created it (EIP-6780). */
  destroyed: boolean;
  /** Whether the code (not only its hash) was looked at. */
  codeRead: boolean;
  /**
   * Whether the transaction needed the exact balance: BALANCE, SELFBALANCE, SELFDESTRUCT of the account, a value that is
   * not zero sent by it, `account`, `addBalance` of less than nothing. Without it whatever was added to the balance
   * would have been added to any other. Like `nonceRead` and `emptinessRead` kept when what looked is reverted.
   */
  balanceRead: boolean;
  /** Whether the transaction needed the nonce: CREATE and CREATE2 by the account and in its place, `account`. */
  nonceRead: boolean;
  /**
   * Whether something came from the account being empty or not (EIP-161): EXTCODEHASH, the gas of a CALL with value, and of
   * a SELFDESTRUCT that leaves something to it. That an empty account which was touched is gone in the end is not meant.
   */
  emptinessRead: boolean;
}

/** One slot that the transaction changed. */
export interface SlotEffect {
  /** 20 bytes: the account's own. */
  address: Uint8Array;
  /** 32 bytes. */
  slot: Uint8Array;
  /** 32 bytes, big-endian. */
  after: Uint8Array;
}

/**
 * What a transaction did: exactly the accounts that it read (a revert forgets no read), with what it left of them where `after`
 * differs, and the slots that it changed; for those that it read alone the host was asked. In the order of the first read.
 */
export interface TransactionEffects {
  logs: Logs;
  accounts: AccountEffect[];
  slots: SlotEffect[];
}

/** Whose way of running is used. `both` by heat: interpreted while cold, compiled when hot. */
export type EngineMode = 'interpreter' | 'compiler' | 'both';

export interface EvmOptions {
  fork: Fork;
  chainId: bigint;
  /** By default `both`. `compiler` compiles whatever it can at first sight. */
  mode?: EngineMode;
}

/** A point to go back to. */
export type Checkpoint = number;

/**
 * Runs the messages of one transaction after another on the state that a host has, and keeps the transaction's journal.
 * Not reentrant: a host must not call it.
 *
 *   begin → (warm | account changes | checkpoint | revert | run)… → finish
 *
 * Methods that read state throw `MissingState` when the host has it not.
 */
export interface Evm {
  readonly fork: Fork;
  /** Starts a transaction; whatever an earlier one left is gone. Warms nothing but the precompiles. */
  begin(host: Host, block: BlockEnvironment, transaction: TransactionEnvironment): void;
  /** EIP-2929: the address is accessed. Reads no state. */
  warmAddress(address: Address): void;
  /** EIP-2930: the slot is accessed. Reads no state. */
  warmSlot(address: Address, slot: Hash32): void;
  /** Counts as a look at balance and nonce. */
  account(address: Address): AccountView;
  /** Whether the transaction has the account already, for whatever it needed it. Reads no state. */
  isLoaded(address: Address): boolean;
  /** The account's code; empty without one. */
  code(address: Address): Uint8Array;
  /**
   * Afterwards the account is touched. Only taking something looks at the balance.
   * @throws RangeError below zero or from 2^256 on
   */
  addBalance(address: Address, wei: bigint): void;
  setNonce(address: Address, nonce: bigint): void;
  /** Afterwards the account has this code (EIP-7702 delegations; not a creation). */
  setCode(address: Address, code: Uint8Array): void;
  /** Overrides of eth_call. */
  setSlot(address: Address, slot: Hash32, value: Uint8Array): void;
  /** Adds to the refund counter (EIP-7702). */
  addRefund(gas: bigint): void;
  /** The refund counter of the transaction. */
  refund(): bigint;
  checkpoint(): Checkpoint;
  /** Undoes everything since, but warmth of what was warmed before and reads. */
  revert(to: Checkpoint): void;
  /** Runs to the end, with its own checkpoint: a revert or a halt leaves no change. */
  run(message: Message): MessageResult;
  /** Ends the transaction: destroys, removes touched empty accounts, and says what happened. */
  finish(): TransactionEffects;
  /** Codes that are hot and wait to be compiled are compiled now, at most `bytesMax` bytes of them. How many are left. */
  compilePending(bytesMax: number): number;
  /** Figures for metrics. */
  stats(): EvmStats;
}

export interface EvmStats {
  /** Contracts that have compiled code now. */
  compiledContracts: number;
  /** Their generated WebAssembly. */
  compiledBytes: number;
  /** Codes that are too large or too dense in jumps to be compiled. */
  refusedContracts: number;
  /** Contracts that the compiler or V8 failed on: a bug, or no room; they are interpreted. */
  compileFailures: number;
  /** Codes kept for the interpreter. */
  loadedCodes: number;
  memoryBytes: number;
}
