import type { StateManagerInterface } from '@ethereumjs/common';
import { Account, KECCAK256_NULL, KECCAK256_RLP, type Address as EthereumAddress } from '@ethereumjs/util';
import { keccak256 } from '@sheaf/crypto';
import type { HostAccount } from '@sheaf/evm';
import { bytesToHex, type Address, type Hash32 } from '@sheaf/primitives';

/** The state that a transaction finds. Answers do not change. */
export interface TraceState {
  account(address: Address): Promise<HostAccount | undefined>;
  /** 32 bytes; `undefined` for zero. */
  storage(address: Address, slot: Hash32): Promise<Uint8Array | undefined>;
  code(codeHash: Uint8Array): Promise<Uint8Array>;
}

type Undo = () => void;

const nothing = new Uint8Array(0);
/** @ethereumjs asks only whether it is the empty trie's (EIP-7610). */
const someRoot = new Uint8Array(32).fill(1);

/**
 * What @ethereumjs takes for its state: a transaction's writes over the state that it finds. `begin` starts the next
 * transaction; what the one before wrote is gone.
 */
export class OverlayState implements StateManagerInterface {
  #base: TraceState;
  readonly #accounts = new Map<Address, Account | undefined>();
  readonly #codes = new Map<Address, Uint8Array>();
  readonly #slots = new Map<Address, Map<Hash32, Uint8Array>>();
  /** Their slots of before are gone. */
  readonly #wiped = new Set<Address>();
  #undos: Undo[] = [];
  #checkpoints: number[] = [];

  constructor(base: TraceState) {
    this.#base = base;
  }

  begin(base: TraceState): void {
    this.#base = base;
    this.#accounts.clear();
    this.#codes.clear();
    this.#slots.clear();
    this.#wiped.clear();
    this.#undos = [];
    this.#checkpoints = [];
  }

  /** As the transaction found it. */
  get before(): TraceState {
    return this.#base;
  }

  readonly originalStorageCache = {
    get: async (address: EthereumAddress, key: Uint8Array) =>
      trim(await this.#base.storage(nameOf(address), slotOf(key))),
    clear: () => undefined,
  };

  /** A copy: @ethereumjs changes what it gets. */
  async getAccount(address: EthereumAddress): Promise<Account | undefined> {
    const name = nameOf(address);
    if (this.#accounts.has(name)) return copyOf(this.#accounts.get(name));
    const found = await this.#base.account(name);
    return (
      found &&
      new Account(found.nonce, found.balance, found.hasStorage ? someRoot : KECCAK256_RLP, found.codeHash.slice())
    );
  }

  async putAccount(address: EthereumAddress, account?: Account): Promise<void> {
    this.#set(this.#accounts, nameOf(address), copyOf(account));
  }

  async deleteAccount(address: EthereumAddress): Promise<void> {
    this.#set(this.#accounts, nameOf(address), undefined);
    this.#set(this.#codes, nameOf(address), nothing);
    await this.clearStorage(address);
  }

  async modifyAccountFields(address: EthereumAddress, fields: Partial<Account>): Promise<void> {
    const account = (await this.getAccount(address)) ?? new Account();
    const { nonce, balance, codeHash, storageRoot } = fields;
    account.nonce = nonce ?? account.nonce;
    account.balance = balance ?? account.balance;
    account.codeHash = codeHash ?? account.codeHash;
    account.storageRoot = storageRoot ?? account.storageRoot;
    await this.putAccount(address, account);
  }

  async putCode(address: EthereumAddress, code: Uint8Array): Promise<void> {
    this.#set(this.#codes, nameOf(address), code);
    await this.modifyAccountFields(address, { codeHash: code.length === 0 ? KECCAK256_NULL : keccak256(code) });
  }

  async getCode(address: EthereumAddress): Promise<Uint8Array> {
    const written = this.#codes.get(nameOf(address));
    if (written !== undefined) return written;
    return codeIn(this.#base, nameOf(address));
  }

  async getCodeSize(address: EthereumAddress): Promise<number> {
    return (await this.getCode(address)).length;
  }

  /** Without leading zeros. */
  async getStorage(address: EthereumAddress, key: Uint8Array): Promise<Uint8Array> {
    const name = nameOf(address);
    const slot = slotOf(key);
    const written = this.#slots.get(name)?.get(slot);
    if (written !== undefined) return written;
    return this.#wiped.has(name) ? nothing : trim(await this.#base.storage(name, slot));
  }

  async putStorage(address: EthereumAddress, key: Uint8Array, value: Uint8Array): Promise<void> {
    const name = nameOf(address);
    let slots = this.#slots.get(name);
    if (slots === undefined) this.#set(this.#slots, name, (slots = new Map()));
    this.#set(slots, slotOf(key), trim(value));
  }

  async clearStorage(address: EthereumAddress): Promise<void> {
    const name = nameOf(address);
    this.#set(this.#slots, name, new Map<Hash32, Uint8Array>());
    if (this.#wiped.has(name)) return;
    this.#wiped.add(name);
    this.#undos.push(() => this.#wiped.delete(name));
  }

  async checkpoint(): Promise<void> {
    this.#checkpoints.push(this.#undos.length);
  }

  async commit(): Promise<void> {
    this.#checkpoints.pop();
  }

  async revert(): Promise<void> {
    const to = this.#checkpoints.pop() ?? 0;
    while (this.#undos.length > to) this.#undos.pop()!();
  }

  clearCaches(): void {}

  getStateRoot(): Promise<Uint8Array> {
    return unused();
  }

  setStateRoot(): Promise<void> {
    return unused();
  }

  hasStateRoot(): Promise<boolean> {
    return unused();
  }

  shallowCopy(): StateManagerInterface {
    throw new Error('assertion failed: a trace copies no state');
  }

  #set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const had = map.has(key);
    const old = map.get(key) as V;
    this.#undos.push(() => (had ? map.set(key, old) : map.delete(key)));
    map.set(key, value);
  }
}

/** Of an account of the state; empty without one. */
export async function codeIn(state: TraceState, address: Address): Promise<Uint8Array> {
  const account = await state.account(address);
  if (account === undefined || bytesToHex(account.codeHash) === emptyCodeHash) return nothing;
  return state.code(account.codeHash);
}

const emptyCodeHash = bytesToHex(KECCAK256_NULL);

function unused(): Promise<never> {
  return Promise.reject(new Error('assertion failed: a trace asks for no state root'));
}

function nameOf(address: EthereumAddress): Address {
  return address.toString() as Address;
}

function slotOf(key: Uint8Array): Hash32 {
  return bytesToHex(key) as Hash32;
}

function copyOf(account: Account | undefined): Account | undefined {
  return account && new Account(account.nonce, account.balance, account.storageRoot, account.codeHash);
}

/** Without leading zeros, as @ethereumjs has words of storage. */
function trim(word: Uint8Array | undefined): Uint8Array {
  if (word === undefined) return nothing;
  let zeros = 0;
  while (zeros < word.length && word[zeros] === 0) zeros += 1;
  return word.slice(zeros);
}
