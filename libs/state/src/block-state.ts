import type { Hash32 } from '@sheaf/primitives';
import type { BlockChanges } from './block-changes.ts';
import type { StateReader } from './state-reader.ts';

/** The state before a block, and what becomes of its root. Its methods throw ChainError `DATA_LOSS` for what it lacks. */
export interface BlockState extends StateReader {
  /** The state root after the changes. Asked once, after all reads. */
  rootAfter(changes: BlockChanges): Hash32;
}
