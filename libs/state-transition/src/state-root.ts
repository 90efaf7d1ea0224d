import type { Hash32 } from '@sheaf/primitives';
import type { BlockChanges } from './block-changes.ts';
import type { NodeReader, StateChanges } from './ports.ts';
import { trieState } from './trie-state.ts';

/**
 * The state trie under `stateRoot` with the changes in it: its root, and the nodes and codes that it has beside the old
 * ones. Changes go in by rising address and slot, so that everyone who does this reads the same nodes.
 * @throws ChainError `DATA_LOSS` when a node on the way is missing
 */
export function commitChanges(
  stateRoot: Hash32,
  changes: BlockChanges,
  reader: NodeReader,
): { stateRoot: Hash32; changes: StateChanges } {
  return trieState(stateRoot, reader).commit(changes);
}
