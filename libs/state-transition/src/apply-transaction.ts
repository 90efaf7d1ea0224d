import type { BlockEnvironment, Evm, Host, MissingKey, TransactionEffects } from '@sheaf/evm';
import type { Log, TransactionFields } from '@sheaf/ethereum';
import type { Address } from '@sheaf/primitives';
import type { ForkRules } from './fork-rules.ts';
import type { InvalidReason } from './invalid-reason.ts';

/** Where in which block a transaction stands. */
export interface TransactionPlace {
  rules: ForkRules;
  environment: BlockEnvironment;
  /** The block's gas limit less what the transactions before it used. */
  gasLeft: bigint;
  /** The most blob gas of a block less what the transactions before it have. */
  blobGasLeft: bigint;
}

/** What an included transaction did. */
export interface AppliedTransaction {
  status: 'included';
  /** Whether its message succeeded. */
  success: boolean;
  /** Refunds taken off, not below EIP-7623's floor. */
  gasUsed: bigint;
  blobGasUsed: bigint;
  /** Wei. */
  effectiveGasPrice: bigint;
  /** Where a creation, failed or not, would put its contract. */
  contractAddress: Address | undefined;
  /** What the message returned or reverted with. */
  output: Uint8Array;
  logs: Log[];
  /** 256 bytes. */
  logsBloom: Uint8Array;
  effects: TransactionEffects;
}

/** What became of a transaction. Only an included one changes anything, and that only when its effects are applied. */
export type TransactionOutcome =
  | AppliedTransaction
  | { status: 'invalid'; reason: InvalidReason }
  /** State that the host has not: apply it again when it has come. */
  | { status: 'missing'; keys: MissingKey[] }
  /** No rule of Ethereum's forbids it, but it needs more memory than the engine has. The same for everyone. */
  | { status: 'exhausted' };

/**
 * One transaction at its place: every rule of the fork, from the intrinsic gas to the fee. `transaction` may be of any
 * origin: what a decoder would refuse is refused here too, except that its signature is the caller's to check.
 * The host is only read: `BlockOverlay.apply(outcome.effects)` makes it part of the block.
 */
export function applyTransaction(
  _evm: Evm,
  _host: Host,
  _place: TransactionPlace,
  _transaction: TransactionFields,
  _sender: Address,
): TransactionOutcome {
  throw new Error('to come');
}
