import type { Logs, Transaction } from '@sheaf/ethereum';
import type { Address, Hash32 } from '@sheaf/primitives';
import type { DropReason } from '@sheaf/state-transition';
import type { AccountCell, SlotCell } from './memory.ts';
import type { CodeVersion, NonceVersion, SlotVersion } from './versions.ts';

/** What a transaction did with an account: bits of `mask`. Reads are what its outcome depends on. */
export const CODE_READ = 1;
export const CODE_WRITE = 2;
export const NONCE_READ = 4;
export const NONCE_WRITE = 8;
/** The exact balance was looked at. */
export const BALANCE_READ = 16;
/** Something was added to the balance or taken from it; what it was does not matter. */
export const BALANCE_WRITE = 32;
export const ALL_READ = CODE_READ | NONCE_READ | BALANCE_READ;

/** With a slot. */
export const SLOT_READ = 1;
export const SLOT_WRITE = 2;

export interface AccountAccess {
  /** Of the run that it belongs to: no two have the same. */
  stamp: number;
  cell: AccountCell;
  mask: number;
  /** The versions that were there; `undefined`: none of this block. */
  code: CodeVersion | undefined;
  nonce: NonceVersion | undefined;
  /** How many credits were there, and their sum. */
  credits: number;
  sum: bigint;
}

export interface SlotAccess {
  stamp: number;
  account: AccountCell;
  slot: Uint8Array;
  cell: SlotCell;
  mask: number;
  /** The version that was there. */
  version: SlotVersion | undefined;
  /** Whether it counts as read in the access list: there was storage of before the block to ask. */
  listed: boolean;
}

/** What became of a step. */
export type StepOutcome =
  | { kind: 'system'; output: Uint8Array | undefined; status: 'success' | 'NO_CODE' | 'FAILED' }
  | { kind: 'withdrawals' }
  | {
      kind: 'included';
      transaction: Pick<Transaction, 'hash' | 'type' | 'to' | 'gasLimit'>;
      sender: Address;
      applied: Applied;
    }
  | { kind: 'dropped'; hash: Hash32; reason: DropReason; cause: string | undefined; gasLimit: bigint | undefined };

/** `undefined`: there is no such thing, or it cannot be read. */
export function gasLimitOf({ outcome }: PositionRun): bigint | undefined {
  if (outcome.kind === 'included') return outcome.transaction.gasLimit;
  return outcome.kind === 'dropped' ? outcome.gasLimit : undefined;
}

/** What a receipt says, but for the gas of the transactions before. */
export interface Applied {
  success: boolean;
  gasUsed: bigint;
  blobGasUsed: bigint;
  effectiveGasPrice: bigint;
  contractAddress: Address | undefined;
  logs: Logs;
}

/** One run of one step, of which the last counts. */
export interface PositionRun {
  position: number;
  round: number;
  outcome: StepOutcome;
  accounts: AccountAccess[];
  slots: SlotAccess[];
  /** Hashes of codes that were read. */
  codeReads: Hash32[];
  /** How many headers back BLOCKHASH looked; 0: not at all. */
  ancestors: number;
  /** Cost: its part of the work, in gas. */
  gas: bigint;
}
