import { keccak256 } from '@sheaf/crypto';
import { Trie } from '@sheaf/ethereum';
import { decodeRlp, hexToBytes, bytesToBigint, ChainError, type Address, type Hash32 } from '@sheaf/primitives';
import { decodeAccount, noAccount } from './account-codec.ts';
import type { AccountProof, AccountState, NodeReader } from './ports.ts';

/** @throws ChainError `DATA_LOSS` when a node on the way is missing */
export function readAccount(state: NodeReader, stateRoot: Hash32, address: Address): AccountState {
  const leaf = openTrie(state, stateRoot).get(keccak256(hexToBytes(address)));
  return leaf === undefined ? noAccount : decodeAccount(leaf);
}

/** The slot's value, zero when it is not set. @throws ChainError `DATA_LOSS` when a node on the way is missing */
export function readStorage(state: NodeReader, stateRoot: Hash32, address: Address, slot: Hash32): bigint {
  const { storageRoot } = readAccount(state, stateRoot, address);
  return slotValue(openTrie(state, storageRoot).get(keccak256(hexToBytes(slot))));
}

/** The EIP-1186 proof of an account and of slots. @throws ChainError `DATA_LOSS` */
export function proveAccount(
  state: NodeReader,
  stateRoot: Hash32,
  address: Address,
  slots: readonly Hash32[],
): AccountProof {
  const key = keccak256(hexToBytes(address));
  const trie = openTrie(state, stateRoot);
  const leaf = trie.get(key);
  const account = leaf === undefined ? noAccount : decodeAccount(leaf);
  const storage = openTrie(state, account.storageRoot);
  return {
    account,
    accountProof: trie.prove(key),
    storageProofs: slots.map((slot) => {
      const slotKey = keccak256(hexToBytes(slot));
      return { slot, value: slotValue(storage.get(slotKey)), proof: storage.prove(slotKey) };
    }),
  };
}

function openTrie(state: NodeReader, root: Hash32): Trie {
  return new Trie(hexToBytes(root), (hash) => state.node(hash));
}

function slotValue(leaf: Uint8Array | undefined): bigint {
  if (leaf === undefined) return 0n;
  const value = decodeRlp(leaf, 'slot');
  if (!(value instanceof Uint8Array))
    throw new ChainError({ code: 'DATA_LOSS', message: 'a storage leaf is not a value' });
  return bytesToBigint(value);
}
