import type { HostAccount } from '@sheaf/evm';
import { keccak256 } from '@sheaf/crypto';
import { decodeRlp, Trie } from '@sheaf/ethereum';
import { bytesToHex, ChainError, equalBytes, hexToBytes, type Hash32 } from '@sheaf/primitives';
import { decodeAccountLeaf, emptyRootBytes } from './account-codec.ts';
import { ByteMap } from './byte-map.ts';
import type { NodeReader } from './ports.ts';
import type { StateReader } from './state-reader.ts';

/** The state under a root. Never answers `notHere`. Its methods throw ChainError `DATA_LOSS` when a node is missing. */
export function trieState(stateRoot: Hash32, reader: NodeReader): StateReader {
  const open = (root: Uint8Array) => new Trie(root, (hash) => reader.node(hash));
  const accounts = open(hexToBytes(stateRoot));
  const storages = new ByteMap<Trie | undefined>(20, 64);
  const account = (address: Uint8Array): HostAccount | undefined => {
    const leaf = accounts.get(keccak256(address));
    if (leaf === undefined) return undefined;
    const { nonce, balance, codeHash, storageRoot } = decodeAccountLeaf(leaf);
    const hasStorage = !equalBytes(storageRoot, emptyRootBytes);
    if (hasStorage) storages.set(address, open(storageRoot));
    return { nonce, balance, codeHash, hasStorage };
  };
  return {
    account,
    storage(address, slot) {
      if (storages.get(address) === undefined) account(address);
      const leaf = storages.get(address)?.get(keccak256(slot));
      return leaf === undefined ? undefined : slotValue(leaf);
    },
    code(codeHash) {
      const hash = bytesToHex(codeHash) as Hash32;
      const code = reader.code(hash);
      if (code === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `code ${hash} is missing` });
      return code;
    },
  };
}

function slotValue(leaf: Uint8Array): Uint8Array {
  const value = decodeRlp(leaf, 'slot');
  if (!(value instanceof Uint8Array) || value.length > 32) {
    throw new ChainError({ code: 'DATA_LOSS', message: 'a storage leaf is not a value' });
  }
  const word = new Uint8Array(32);
  word.set(value, 32 - value.length);
  return word;
}
