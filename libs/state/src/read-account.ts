import {
  bytesToBigint,
  bytesToHex,
  ChainError,
  equalBytes,
  hexToBytes,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import {
  bucketOf,
  bucketPosition,
  collectPart,
  decodePartial,
  encodePartial,
  joinParts,
  keccak256,
  PartialTrie,
  prove,
  proveAccount,
  type MergedBuckets,
} from '@sheaf/trie';
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
  return {
    account: readAccount(state, address),
    accountProof: proveAccount(state.merged(), state, key),
    storageProofs: proveSlots(state, address, slots),
  };
}

/** The proofs of slots of an account that the partition has. @throws likewise */
export function proveSlots(state: StateAt, address: Address, slots: readonly Hash32[]): AccountProof['storageProofs'] {
  const storageId = state.storedAccount(keccak256(hexToBytes(address)))?.storageId ?? 0;
  return slots.map((slot) => ({
    slot,
    value: readStorage(state, address, slot),
    proof: storageId === 0 ? [] : prove(state, storageId, keccak256(hexToBytes(slot))),
  }));
}

/** The way to an account from its bucket on, which the partition has, as `proveByWay` takes it. @throws likewise */
export function collectWay(state: StateAt, address: Address): Uint8Array {
  const key = keccak256(hexToBytes(address));
  const position = bucketPosition(bucketOf(key));
  return encodePartial(collectPart(state, { owner: 0, position }, { reads: [key], changes: [] }).node, position);
}

/**
 * RLP trie nodes from the state root to an account that another partition has, from its way there.
 * @throws ChainError `INVALID_ARGUMENT` when it is no way, `DATA_LOSS` when it is one of another state
 */
export function proveByWay(merged: MergedBuckets, address: Address, way: Uint8Array): Uint8Array[] {
  const key = keccak256(hexToBytes(address));
  const bucket = bucketOf(key);
  const node = decodePartial(way, bucketPosition(bucket), 'way');
  if (node?.kind === 'hash') {
    throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'way', message: 'way is a hash alone' });
  }
  const trie = new PartialTrie(joinParts(merged, new Map([[bucket, { node, remains: node !== undefined }]])));
  if (!equalBytes(trie.root, merged.root)) {
    throw new ChainError({ code: 'DATA_LOSS', message: `the way to account ${address} is of another state` });
  }
  return prove(trie, 0, key);
}

function accountState(stored: StoredAccount | undefined): AccountState {
  return {
    balance: stored?.balance ?? 0n,
    nonce: stored?.nonce ?? 0n,
    codeHash: bytesToHex(stored?.codeHash ?? emptyCodeHashBytes) as Hash32,
    storageRoot: bytesToHex(stored?.storageRoot ?? emptyRootBytes) as Hash32,
  };
}
