import { bytesToBigint, bytesToHex, hexToBytes, type Address, type Hash32 } from '@sheaf/primitives';
import { keccak256, prove, proveAccount } from '@sheaf/trie';
import { emptyCodeHashBytes, emptyRootBytes, type StoredAccount } from './account-record.ts';
import type { StateAt } from './state-at.ts';

/** An account's own fields; one that does not exist has zeros, the empty code hash and the empty root. */
export interface AccountState {
  balance: bigint;
  nonce: bigint;
  codeHash: Hash32;
  storageRoot: Hash32;
}

/** An EIP-1186 proof. */
export interface AccountProof {
  account: AccountState;
  /** RLP trie nodes from the state root down. */
  accountProof: Uint8Array[];
  /** In the order asked for. */
  storageProofs: { slot: Hash32; value: bigint; proof: Uint8Array[] }[];
}

/** @throws ChainError `NOT_FOUND` when the height is not kept any more, `DATA_LOSS` */
export function readAccount(state: StateAt, address: Address): AccountState {
  return accountState(state.storedAccount(keccak256(hexToBytes(address))));
}

/** The slot's value, zero when it is not set. @throws likewise */
export function readStorage(state: StateAt, address: Address, slot: Hash32): bigint {
  const word = state.storage(hexToBytes(address), hexToBytes(slot));
  return word instanceof Uint8Array ? bytesToBigint(word) : 0n;
}

/** The proof of an account and of slots, of a partition that has all buckets. @throws likewise */
export function proveState(state: StateAt, address: Address, slots: readonly Hash32[]): AccountProof {
  const key = keccak256(hexToBytes(address));
  const stored = state.storedAccount(key);
  const storageId = stored?.storageId ?? 0;
  return {
    account: accountState(stored),
    accountProof: proveAccount(state.merged(), state, key),
    storageProofs: slots.map((slot) => ({
      slot,
      value: readStorage(state, address, slot),
      proof: storageId === 0 ? [] : prove(state, storageId, keccak256(hexToBytes(slot))),
    })),
  };
}

function accountState(stored: StoredAccount | undefined): AccountState {
  return {
    balance: stored?.balance ?? 0n,
    nonce: stored?.nonce ?? 0n,
    codeHash: bytesToHex(stored?.codeHash ?? emptyCodeHashBytes) as Hash32,
    storageRoot: bytesToHex(stored?.storageRoot ?? emptyRootBytes) as Hash32,
  };
}
