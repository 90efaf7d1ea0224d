import type { Evm, MissingKey } from '@sheaf/evm';
import type { Block, Header, Receipt } from '@sheaf/ethereum';
import type { Hash32 } from '@sheaf/primitives';
import type { BlockChanges } from './block-changes.ts';
import type { BlockHashSource } from './block-overlay.ts';
import type { ForkRules } from './fork-rules.ts';
import type { InvalidReason } from './invalid-reason.ts';
import type { StateReader } from './state-reader.ts';

/** The first thing that is wrong with a block. */
export type BlockFault =
  /** The bytes are no block: `field` as the decoder names it. */
  | { field: 'rlp'; at: string; message: string }
  /** EIP-7934. */
  | { field: 'size'; message: string }
  /** The header cannot come after its parent, or it does not say what the block is or does. */
  | { field: HeaderField; message: string }
  /** A transaction is malformed. */
  | { field: 'transactions'; index: number; reason: 'MALFORMED'; message: string }
  | { field: 'transactions'; index: number; reason: InvalidReason; message: string }
  /** EIP-6110: a deposit event of another layout. */
  | { field: 'deposits'; message: string }
  /** EIP-7002, 7251: the contract has no code, or its call failed. */
  | { field: 'systemContract'; reason: 'EMPTY' | 'FAILED'; message: string };

export type HeaderField = Exclude<keyof Header, 'coinbase' | 'prevRandao' | 'parentBeaconBlockRoot'>;

export interface ImportBlockInput {
  /** The block as it came: RLP of [header, transactions, ommers, withdrawals]. */
  rlp: Uint8Array;
  parent: Header;
  /** By default no ancestor but the parent has a hash. */
  blockHash?: BlockHashSource;
  /** The root of the state before the block with these changes. @throws what `importBlock` then throws */
  stateRoot: (changes: BlockChanges) => Hash32;
}

export type ImportBlockResult =
  | {
      status: 'valid';
      block: Block;
      hash: Hash32;
      receipts: Receipt[];
      changes: BlockChanges;
      /** EIP-7685, each its type and its data; none before Prague. */
      requests: Uint8Array[];
    }
  | { status: 'invalid'; fault: BlockFault }
  | { status: 'missing'; keys: MissingKey[] };

/**
 * Executes a given block on the state after its parent, and compares everything that its header says.
 * `evm` is of the fork and chain of the rules.
 */
export function importBlock(
  _evm: Evm,
  _rules: ForkRules,
  _state: StateReader,
  _input: ImportBlockInput,
): ImportBlockResult {
  throw new Error('to come');
}
