import type { HostAccount } from '@sheaf/evm';
import { keccak256 } from '@sheaf/crypto';
import { Trie } from '@sheaf/ethereum';
import {
  bytesToHex,
  ChainError,
  decodeRlp,
  encodeRlpBytes,
  equalBytes,
  hexToBytes,
  type Hash32,
} from '@sheaf/primitives';
import { decodeAccountLeaf, emptyRootBytes, encodeAccountLeaf } from './account-codec.ts';
import type { AccountChange, BlockChanges } from './block-changes.ts';
import { ByteMap } from './byte-map.ts';
import type { NodeReader, StateChanges } from './ports.ts';
import type { StateReader } from './state-reader.ts';

/** A state under a root, to be read and then, once, to be changed. Its methods throw ChainError `DATA_LOSS`. */
export interface TrieState extends StateReader {
  /** As `commitChanges`, without reading anew what has been read. Afterwards the reader is of no use. */
  commit(changes: BlockChanges): { stateRoot: Hash32; changes: StateChanges };
}

/** The state under a root. Never answers `notHere`: a node that is missing is `DATA_LOSS`. */
export function trieState(stateRoot: Hash32, reader: NodeReader): TrieState {
  return new NodeTrieState(stateRoot, reader);
}

class NodeTrieState implements TrieState {
  readonly #reader: NodeReader;
  readonly #accounts: Trie;
  /** Of accounts that have storage and were asked for. */
  readonly #storages = new ByteMap<Trie>(20, 64);

  constructor(stateRoot: Hash32, reader: NodeReader) {
    this.#reader = reader;
    this.#accounts = this.#open(hexToBytes(stateRoot));
  }

  account(address: Uint8Array): HostAccount | undefined {
    const leaf = this.#accounts.get(keccak256(address));
    if (leaf === undefined) return undefined;
    const { nonce, balance, codeHash, storageRoot } = decodeAccountLeaf(leaf);
    const hasStorage = !equalBytes(storageRoot, emptyRootBytes);
    if (hasStorage) this.#storages.set(address, this.#open(storageRoot));
    return { nonce, balance, codeHash, hasStorage };
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    if (this.#storages.get(address) === undefined) this.account(address);
    const leaf = this.#storages.get(address)?.get(keccak256(slot));
    return leaf === undefined ? undefined : slotValue(leaf);
  }

  code(codeHash: Uint8Array): Uint8Array {
    const hash = bytesToHex(codeHash) as Hash32;
    const code = this.#reader.code(hash);
    if (code === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `code ${hash} is missing` });
    return code;
  }

  commit({ accounts, codes }: BlockChanges): { stateRoot: Hash32; changes: StateChanges } {
    const made: StateChanges = { nodes: new Map(), codes };
    for (const change of [...accounts].sort((a, b) => (a.address < b.address ? -1 : 1))) {
      const address = hexToBytes(change.address);
      const key = keccak256(address);
      const before = this.#accounts.get(key);
      if (change.account === undefined) {
        if (before !== undefined) this.#accounts.delete(key);
        continue;
      }
      const rootBefore = before === undefined ? emptyRootBytes : decodeAccountLeaf(before).storageRoot;
      const storageRoot = this.#commitSlots(address, rootBefore, change, made);
      const after = encodeAccountLeaf({ ...change.account, storageRoot });
      if (before === undefined || !equalBytes(before, after)) this.#accounts.put(key, after);
    }
    const { root, nodes } = this.#accounts.commit();
    for (const [hash, node] of nodes) made.nodes.set(hash, node);
    return { stateRoot: bytesToHex(root) as Hash32, changes: made };
  }

  /** The account's storage root afterwards. */
  #commitSlots(address: Uint8Array, before: Uint8Array, change: AccountChange, made: StateChanges): Uint8Array {
    const { storageWiped, slots } = change;
    if (slots.length === 0) return storageWiped ? emptyRootBytes : before;
    const trie = storageWiped ? new Trie() : (this.#storages.get(address) ?? this.#open(before));
    for (const { slot, value } of [...slots].sort((a, b) => (a.slot < b.slot ? -1 : 1))) {
      const key = keccak256(hexToBytes(slot));
      const bytes = withoutZeros(value);
      if (bytes.length === 0) trie.delete(key);
      else trie.put(key, encodeRlpBytes(bytes));
    }
    const { root, nodes } = trie.commit();
    for (const [hash, node] of nodes) made.nodes.set(hash, node);
    return root;
  }

  #open(root: Uint8Array): Trie {
    return new Trie(root, (hash) => this.#reader.node(hash));
  }
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

function withoutZeros(word: Uint8Array): Uint8Array {
  let zeros = 0;
  while (zeros < word.length && word[zeros] === 0) zeros += 1;
  return word.subarray(zeros);
}
