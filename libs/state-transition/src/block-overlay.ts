import type { Host, HostAccount, TransactionEffects, notHere } from '@sheaf/evm';
import type { Address, Hash32 } from '@sheaf/primitives';
import type { BlockChanges } from './block-changes.ts';
import type { StateReader } from './state-reader.ts';

/** Says the hash of an ancestor block; see `Host.blockHash`. */
export type BlockHashSource = Host['blockHash'];

/** The state of one block in the making: what its transactions left, over the state before it. */
export class BlockOverlay implements Host {
  /** Without `blockHash` no ancestor has a hash. */
  constructor(_state: StateReader, _blockHash?: BlockHashSource) {}

  account(_address: Uint8Array): HostAccount | undefined | typeof notHere {
    throw new Error('to come');
  }

  storage(_address: Uint8Array, _slot: Uint8Array): Uint8Array | undefined | typeof notHere {
    throw new Error('to come');
  }

  code(_codeHash: Uint8Array): Uint8Array | typeof notHere {
    throw new Error('to come');
  }

  blockHash(_number: bigint): Uint8Array | undefined | typeof notHere {
    throw new Error('to come');
  }

  /** Afterwards the transaction has happened. */
  apply(_effects: TransactionEffects): void {
    throw new Error('to come');
  }

  /** EIP-4895: afterwards the account has so much more; an account that is empty then is none. @throws MissingState */
  addBalance(_address: Address, _wei: bigint): void {
    throw new Error('to come');
  }

  /** For overrides: afterwards the account exists with these fields. @throws MissingState */
  setAccount(_address: Address, _fields: { nonce?: bigint; balance?: bigint; code?: Uint8Array }): void {
    throw new Error('to come');
  }

  /** For overrides. `value`: 32 bytes. */
  setSlot(_address: Address, _slot: Hash32, _value: Uint8Array): void {
    throw new Error('to come');
  }

  /** What differs now from the state before the block. */
  changes(): BlockChanges {
    throw new Error('to come');
  }
}
