import { assert, type Hash32 } from '@sheaf/primitives';
import type { BlockChanges } from './block-changes.ts';
import type { BlockState } from './block-state.ts';
import type { CommitInput, PartitionState, PreparedChanges } from './partition-state.ts';

/** A block in the making on a store that has all buckets: what `rootAfter` hashes is what `commit` makes durable. */
export class BlockDraft implements BlockState {
  readonly #state: PartitionState;
  #prepared: PreparedChanges | undefined;

  constructor(state: PartitionState) {
    this.#state = state;
  }

  account(address: Uint8Array): ReturnType<BlockState['account']> {
    return this.#state.account(address);
  }

  storage(address: Uint8Array, slot: Uint8Array): ReturnType<BlockState['storage']> {
    return this.#state.storage(address, slot);
  }

  code(codeHash: Uint8Array): ReturnType<BlockState['code']> {
    return this.#state.code(codeHash);
  }

  rootAfter(changes: BlockChanges): Hash32 {
    this.#prepared = this.#state.prepare(changes);
    return this.#state.stateRoot(this.#prepared.tops);
  }

  /** As `PartitionState.commit`. */
  commit(input: CommitInput): void {
    assert(this.#prepared !== undefined, 'a block is hashed before it is committed');
    this.#state.commit(this.#prepared, input);
  }
}
