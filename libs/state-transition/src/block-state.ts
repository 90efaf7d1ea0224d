import type { AccountFields, StateManagerInterface } from '@ethereumjs/common';
import { OriginalStorageCache } from '@ethereumjs/statemanager';
import { Account, type Address as VmAddress } from '@ethereumjs/util';
import { keccak256 } from '@sheaf/crypto';
import { decodeRlp, emptyRoot, encodeRlpBytes, Trie } from '@sheaf/ethereum';
import { hexToBytes, bytesToHex, type Address, type Hash32 } from '@sheaf/primitives';
import { decodeAccount, emptyCodeHash, encodeAccount } from './account-codec.ts';
import type { AccountState, StateChanges } from './ports.ts';
import type { RecordingReader } from './recording-reader.ts';

/** Slots written in this block; `cleared`: what the trie has is gone, because the account was made anew. */
interface SlotWrites {
  cleared: boolean;
  /** Values without leading zeros; empty means zero. */
  slots: Map<Hash32, Uint8Array>;
}

const nothing = new Uint8Array(0);

/**
 * The state of one block in the making: writes in memory over a trie that is only read, until `finish` applies them.
 *
 * Stands in for the library's MerkleStateManager, which (10.1.3) treats a missing trie node as an absent value, never
 * settles a storage write that fails, and stores the nodes of every intermediate trie.
 */
export class BlockState implements StateManagerInterface {
  readonly originalStorageCache = new OriginalStorageCache((address, key) => this.getStorage(address, key));
  readonly #reader: RecordingReader;
  readonly #root: Uint8Array;
  readonly #trie: Trie;
  readonly #baseAccounts = new Map<Address, AccountState | undefined>();
  readonly #baseStorage = new Map<Address, Trie>();
  readonly #accounts = new Map<Address, AccountState | undefined>();
  readonly #storage = new Map<Address, SlotWrites>();
  readonly #codes = new Map<Hash32, Uint8Array>();
  readonly #keys = new Map<Address | Hash32, Uint8Array>();
  /** How to take back each write since the first open checkpoint. */
  readonly #undo: (() => void)[] = [];
  readonly #checkpoints: number[] = [];

  constructor(stateRoot: Hash32, reader: RecordingReader) {
    this.#reader = reader;
    this.#root = hexToBytes(stateRoot);
    this.#trie = new Trie(this.#root, (hash) => reader.node(hash));
  }

  /** The account as it is now. @throws ChainError `DATA_LOSS` */
  account(address: Address): AccountState | undefined {
    if (this.#accounts.has(address)) return this.#accounts.get(address);
    return this.#baseAccount(address);
  }

  /** @throws ChainError `DATA_LOSS` */
  code(address: Address): Uint8Array {
    const codeHash = this.account(address)?.codeHash ?? emptyCodeHash;
    if (codeHash === emptyCodeHash) return nothing;
    return this.#codes.get(codeHash) ?? this.#reader.code(codeHash);
  }

  setAccount(address: Address, account: AccountState | undefined): void {
    this.#set(this.#accounts, address, account);
  }

  /** Afterwards the account exists and has this code. */
  setCode(address: Address, code: Uint8Array): void {
    const codeHash = bytesToHex(keccak256(code)) as Hash32;
    this.#codes.set(codeHash, code);
    this.setAccount(address, { ...(this.account(address) ?? freshAccount()), codeHash });
  }

  /** `value` without leading zeros. */
  setSlot(address: Address, slot: Hash32, value: Uint8Array): void {
    let writes = this.#storage.get(address);
    if (writes === undefined) {
      writes = { cleared: false, slots: new Map() };
      this.#set(this.#storage, address, writes);
    }
    this.#set(writes.slots, slot, value);
  }

  /** @throws ChainError `DATA_LOSS` */
  slot(address: Address, slot: Hash32): Uint8Array {
    const writes = this.#storage.get(address);
    const written = writes?.slots.get(slot);
    if (written !== undefined) return written;
    if (writes?.cleared === true || this.account(address) === undefined) return nothing;
    const leaf = this.#storageTrie(address)?.get(this.#key(slot));
    return leaf === undefined ? nothing : (decodeRlp(leaf, 'slot') as Uint8Array);
  }

  /**
   * Applies all writes: the new root, and the nodes and codes that it needs beside the old ones. Writes go in by
   * rising address and slot, so that everyone who does this reads the same nodes.
   * @throws ChainError `DATA_LOSS`
   */
  finish(): { stateRoot: Hash32; changes: StateChanges } {
    const changes: StateChanges = { nodes: new Map(), codes: new Map() };
    const trie = new Trie(this.#root, (hash) => this.#reader.node(hash));
    for (const address of [...new Set([...this.#accounts.keys(), ...this.#storage.keys()])].sort()) {
      const before = this.#baseAccount(address);
      const account = this.account(address);
      const key = this.#key(address);
      if (account === undefined) {
        if (before !== undefined) trie.delete(key);
        continue;
      }
      const after = { ...account, storageRoot: this.#finishStorage(address, before, changes) };
      if (before !== undefined && sameAccount(before, after)) continue;
      trie.put(key, encodeAccount(after));
      const code = this.#codes.get(after.codeHash);
      if (code !== undefined && code.length > 0) changes.codes.set(after.codeHash, code);
    }
    const { root, nodes } = trie.commit();
    for (const [hash, node] of nodes) changes.nodes.set(hash, node);
    return { stateRoot: bytesToHex(root) as Hash32, changes };
  }

  #finishStorage(address: Address, before: AccountState | undefined, changes: StateChanges): Hash32 {
    const writes = this.#storage.get(address);
    const root = writes?.cleared === true ? emptyRoot : (before?.storageRoot ?? emptyRoot);
    if (writes === undefined || writes.slots.size === 0) return root;
    const trie = new Trie(hexToBytes(root), (hash) => this.#reader.node(hash));
    for (const [slot, value] of [...writes.slots].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const key = this.#key(slot);
      const leaf = trie.get(key);
      if (value.length === 0 ? leaf === undefined : leaf !== undefined && sameLeaf(leaf, value)) continue;
      if (value.length === 0) trie.delete(key);
      else trie.put(key, encodeRlpBytes(value));
    }
    const committed = trie.commit();
    for (const [hash, node] of committed.nodes) changes.nodes.set(hash, node);
    return bytesToHex(committed.root) as Hash32;
  }

  /** The trie key of an address or a slot. */
  #key(of: Address | Hash32): Uint8Array {
    let key = this.#keys.get(of);
    if (key === undefined) this.#keys.set(of, (key = keccak256(hexToBytes(of))));
    return key;
  }

  #baseAccount(address: Address): AccountState | undefined {
    if (this.#baseAccounts.has(address)) return this.#baseAccounts.get(address);
    const leaf = this.#trie.get(this.#key(address));
    const account = leaf === undefined ? undefined : decodeAccount(leaf);
    this.#baseAccounts.set(address, account);
    return account;
  }

  #storageTrie(address: Address): Trie | undefined {
    const known = this.#baseStorage.get(address);
    if (known !== undefined) return known;
    const account = this.#baseAccount(address);
    if (account === undefined) return undefined;
    const trie = new Trie(hexToBytes(account.storageRoot), (hash) => this.#reader.node(hash));
    this.#baseStorage.set(address, trie);
    return trie;
  }

  #set<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
    if (this.#checkpoints.length > 0) {
      if (map.has(key)) {
        const before = map.get(key)!;
        this.#undo.push(() => map.set(key, before));
      } else {
        this.#undo.push(() => map.delete(key));
      }
    }
    map.set(key, value);
  }

  // What follows is the library's interface. Its methods are asynchronous; nothing here waits.

  async getAccount(address: VmAddress): Promise<Account | undefined> {
    const account = this.account(address.toString() as Address);
    if (account === undefined) return undefined;
    const { nonce, balance, storageRoot, codeHash } = account;
    return new Account(nonce, balance, hexToBytes(storageRoot), hexToBytes(codeHash));
  }

  async putAccount(address: VmAddress, account?: Account): Promise<void> {
    if (account === undefined) return this.deleteAccount(address);
    this.setAccount(address.toString() as Address, {
      nonce: account.nonce,
      balance: account.balance,
      storageRoot: bytesToHex(account.storageRoot) as Hash32,
      codeHash: bytesToHex(account.codeHash) as Hash32,
    });
  }

  async deleteAccount(address: VmAddress): Promise<void> {
    this.setAccount(address.toString() as Address, undefined);
    await this.clearStorage(address);
  }

  async modifyAccountFields(address: VmAddress, fields: AccountFields): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    account.nonce = fields.nonce ?? account.nonce;
    account.balance = fields.balance ?? account.balance;
    account.storageRoot = fields.storageRoot ?? account.storageRoot;
    account.codeHash = fields.codeHash ?? account.codeHash;
    await this.putAccount(address, account);
  }

  async putCode(address: VmAddress, code: Uint8Array): Promise<void> {
    this.setCode(address.toString() as Address, code);
  }

  async getCode(address: VmAddress): Promise<Uint8Array> {
    return this.code(address.toString() as Address);
  }

  async getCodeSize(address: VmAddress): Promise<number> {
    return this.code(address.toString() as Address).length;
  }

  async getStorage(address: VmAddress, key: Uint8Array): Promise<Uint8Array> {
    return this.slot(address.toString() as Address, bytesToHex(key) as Hash32);
  }

  async putStorage(address: VmAddress, key: Uint8Array, value: Uint8Array): Promise<void> {
    let zeros = 0;
    while (value[zeros] === 0) zeros += 1;
    this.setSlot(address.toString() as Address, bytesToHex(key) as Hash32, value.slice(zeros));
  }

  async clearStorage(address: VmAddress): Promise<void> {
    this.#set(this.#storage, address.toString() as Address, { cleared: true, slots: new Map() });
  }

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undo.length);
  }

  async commit(): Promise<void> {
    this.#checkpoints.pop();
    if (this.#checkpoints.length === 0) this.#undo.length = 0;
  }

  async revert(): Promise<void> {
    const length = this.#checkpoints.pop() ?? 0;
    while (this.#undo.length > length) this.#undo.pop()!();
  }

  async getStateRoot(): Promise<Uint8Array> {
    return hexToBytes(this.finish().stateRoot);
  }

  async setStateRoot(): Promise<void> {
    throw new Error('a block has one pre-state');
  }

  async hasStateRoot(): Promise<boolean> {
    throw new Error('a block has one pre-state');
  }

  clearCaches(): void {}

  shallowCopy(): StateManagerInterface {
    return new BlockState(bytesToHex(this.#root) as Hash32, this.#reader);
  }
}

function freshAccount(): AccountState {
  return { nonce: 0n, balance: 0n, storageRoot: emptyRoot, codeHash: emptyCodeHash };
}

function sameAccount(a: AccountState, b: AccountState): boolean {
  return a.nonce === b.nonce && a.balance === b.balance && a.storageRoot === b.storageRoot && a.codeHash === b.codeHash;
}

function sameLeaf(leaf: Uint8Array, value: Uint8Array): boolean {
  return bytesToHex(leaf) === bytesToHex(encodeRlpBytes(value));
}
