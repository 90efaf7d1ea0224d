import type { Address, Hash32 } from '@sheaf/primitives';
import type { AccountProof, AccountState, NodeReader } from './ports.ts';

/** @throws ChainError `DATA_LOSS` when a node on the way is missing */
export function readAccount(_state: NodeReader, _stateRoot: Hash32, _address: Address): AccountState {
  throw new Error('not yet');
}

/** The slot's value, zero when it is not set. @throws ChainError `DATA_LOSS` when a node on the way is missing */
export function readStorage(_state: NodeReader, _stateRoot: Hash32, _address: Address, _slot: Hash32): bigint {
  throw new Error('not yet');
}

/** The EIP-1186 proof of an account and of slots. @throws ChainError `DATA_LOSS` */
export function proveAccount(
  _state: NodeReader,
  _stateRoot: Hash32,
  _address: Address,
  _slots: readonly Hash32[],
): AccountProof {
  throw new Error('not yet');
}
