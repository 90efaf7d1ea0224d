import { keccak256 } from '@sheaf/crypto';
import type { Host } from '@sheaf/evm';
import {
  bigintToBytes,
  bytesToHex,
  compareBytes,
  encodeRlp,
  hexToBytes,
  toAddress,
  toHash32,
  toHeight,
  zeroHash,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import { memoryKeyValue, PartitionState, type BlockChanges } from '@sheaf/state';
import { createTrieEngine, type LeafChange, type TrieSource } from '@sheaf/trie';
import { FixtureError, readAddress, readBytes, readHash, readObject, readQuantity } from './json.ts';

/** Slots that are not zero; 32-byte keys and values. */
export type Slots = ReadonlyMap<Hash32, Hash32>;

export interface WorldAccount {
  readonly nonce: bigint;
  readonly balance: bigint;
  readonly codeHash: Hash32;
  readonly slots: Slots;
}

export const emptyCodeHash = toHash32(keccak256(new Uint8Array(0)));

/** Roots are asked for again and again: of the state before, and of accounts that a transaction left alone. */
const slotRoots = new WeakMap<Slots, Hash32>();

/** The whole state of a fixture in memory. A value: `apply` gives another one. */
export class World {
  readonly accounts: ReadonlyMap<Address, WorldAccount>;
  readonly codes: ReadonlyMap<Hash32, Uint8Array>;
  #root: Hash32 | undefined;
  #store: PartitionState | undefined;

  constructor(accounts: ReadonlyMap<Address, WorldAccount>, codes: ReadonlyMap<Hash32, Uint8Array>) {
    this.accounts = accounts;
    this.codes = codes;
  }

  /** The state root (yellow paper, 4.1): a secure trie of accounts over secure tries of slots. */
  root(): Hash32 {
    if (this.#root !== undefined) return this.#root;
    this.#root = rootOf(
      Array.from(this.accounts, ([address, { nonce, balance, codeHash, slots }]) => {
        const leaf = [bigintToBytes(nonce), bigintToBytes(balance), hexToBytes(slotsRoot(slots)), hexToBytes(codeHash)];
        return { key: keccak256(hexToBytes(address)), value: encodeRlp(leaf), existed: false };
      }),
    );
    return this.#root;
  }

  code(codeHash: Hash32): Uint8Array {
    if (codeHash === emptyCodeHash) return new Uint8Array(0);
    const code = this.codes.get(codeHash);
    if (code === undefined) throw new Error(`no code ${codeHash}`);
    return code;
  }

  /** A host over this state; `blockHash` says what BLOCKHASH sees. */
  host(blockHash: Host['blockHash']): Host {
    return {
      account: (bytes) => {
        const account = this.accounts.get(bytesToHex(bytes) as Address);
        if (account === undefined) return undefined;
        const { nonce, balance, codeHash, slots } = account;
        return { nonce, balance, codeHash: hexToBytes(codeHash), hasStorage: slots.size > 0 };
      },
      storage: (bytes, slot) => {
        const value = this.accounts.get(bytesToHex(bytes) as Address)?.slots.get(bytesToHex(slot) as Hash32);
        return value === undefined ? undefined : hexToBytes(value);
      },
      code: (codeHash) => this.code(bytesToHex(codeHash) as Hash32),
      blockHash,
    };
  }

  /** What makes this state of nothing. */
  asChanges(): BlockChanges {
    const accounts = Array.from(this.accounts, ([address, { nonce, balance, codeHash, slots }]) => ({
      address: hexToBytes(address),
      account: { nonce, balance, codeHash: hexToBytes(codeHash) },
      storageWiped: false,
      slots: Array.from(slots, ([slot, value]) => ({ slot: hexToBytes(slot), value: hexToBytes(value) })),
    }));
    return { accounts, codes: new Map(this.codes) };
  }

  /** The root after the changes as a store with this state has it, which changes what it has instead of making all anew. */
  rootAfter(changes: BlockChanges): Hash32 {
    if (this.#store === undefined) {
      this.#store = new PartitionState(memoryKeyValue(), { branchBytesCachedMax: 0 });
      this.#store.commit(this.#store.prepare(this.asChanges()), { height: toHeight(0) });
    }
    return this.#store.stateRoot(this.#store.prepare(changes).tops);
  }

  /** The state after the changes. */
  apply(changes: BlockChanges): World {
    const accounts = new Map(this.accounts);
    const codes = new Map([...this.codes, ...changes.codes]);
    for (const { address: bytes, account, storageWiped, slots: changed } of changes.accounts) {
      const address = toAddress(bytes);
      if (account === undefined) {
        accounts.delete(address);
        continue;
      }
      const before = storageWiped ? noSlots : (accounts.get(address)?.slots ?? noSlots);
      const slots = changed.length === 0 ? before : new Map(before);
      if (slots !== before) {
        for (const { slot, value } of changed) setSlot(slots as Map<Hash32, Hash32>, toHash32(slot), value);
      }
      const { nonce, balance, codeHash } = account;
      accounts.set(address, { nonce, balance, codeHash: toHash32(codeHash), slots });
    }
    return new World(accounts, codes);
  }
}

function setSlot(slots: Map<Hash32, Hash32>, slot: Hash32, value: Uint8Array): void {
  const word = toHash32(value);
  if (word === zeroHash) slots.delete(slot);
  else slots.set(slot, word);
}

const noSlots: Slots = new Map();

const engine = createTrieEngine();
const nothing: TrieSource = { branch: () => undefined, leaf: () => undefined };

/** Of a trie made from nothing. */
function rootOf(leaves: LeafChange[]): Hash32 {
  const changes = leaves.sort((a, b) => compareBytes(a.key, b.key));
  return toHash32(engine.commit([{ owner: 0, position: new Uint8Array(0), changes }], nothing).roots[0]!);
}

function slotsRoot(slots: Slots): Hash32 {
  let root = slotRoots.get(slots);
  if (root === undefined) {
    root = rootOf(
      Array.from(slots, ([slot, value]) => {
        const leaf = encodeRlp(bigintToBytes(BigInt(value)));
        return { key: keccak256(hexToBytes(slot)), value: leaf, existed: false };
      }),
    );
    slotRoots.set(slots, root);
  }
  return root;
}

/** The `pre`, `postState` or `preState` of a fixture: `{address: {nonce, balance, code, storage}}`. @throws FixtureError */
export function readWorld(value: unknown, field: string): World {
  const accounts = new Map<Address, WorldAccount>();
  const codes = new Map<Hash32, Uint8Array>();
  for (const [key, entry] of Object.entries(readObject(value, field))) {
    const at = `${field}.${key}`;
    const fields = readObject(entry, at);
    const code = readBytes(fields['code'] ?? '0x', `${at}.code`);
    const codeHash = code.length === 0 ? emptyCodeHash : toHash32(keccak256(code));
    if (code.length > 0) codes.set(codeHash, code);
    const slots = new Map<Hash32, Hash32>();
    for (const [slot, content] of Object.entries(readObject(fields['storage'] ?? {}, `${at}.storage`))) {
      const word = readHash(content, `${at}.storage.${slot}`);
      if (word !== zeroHash) slots.set(readHash(slot, `${at}.storage key`), word);
    }
    const nonce = readQuantity(fields['nonce'] ?? '0x0', `${at}.nonce`);
    // EIP-2681; no state has more, so a store has no room for it.
    if (nonce >= 2n ** 64n) throw new FixtureError(`${at}.nonce is 2^64 or more`);
    accounts.set(readAddress(key.startsWith('0x') ? key : `0x${key}`, `${field} key`), {
      nonce,
      balance: readQuantity(fields['balance'] ?? '0x0', `${at}.balance`),
      codeHash,
      slots: slots.size === 0 ? noSlots : slots,
    });
  }
  return new World(accounts, codes);
}

/** Where `got` is another state than `expected`, a line each, at most `linesMax`. */
export function differWorlds(expected: World, got: World, linesMax = 8): string[] {
  const lines: string[] = [];
  const addresses = new Set([...expected.accounts.keys(), ...got.accounts.keys()]);
  for (const address of [...addresses].sort()) {
    const wanted = expected.accounts.get(address);
    const found = got.accounts.get(address);
    if (wanted === undefined || found === undefined) {
      lines.push(`${address}: expected ${wanted ? 'an account' : 'none'}, got ${found ? describe(found) : 'none'}`);
      continue;
    }
    for (const field of ['nonce', 'balance', 'codeHash'] as const) {
      if (wanted[field] !== found[field])
        lines.push(`${address} ${field}: expected ${wanted[field]}, got ${found[field]}`);
    }
    for (const slot of new Set([...wanted.slots.keys(), ...found.slots.keys()])) {
      const [want, have] = [wanted.slots.get(slot) ?? zeroHash, found.slots.get(slot) ?? zeroHash];
      if (want !== have) lines.push(`${address} slot ${slot}: expected ${want}, got ${have}`);
    }
  }
  return lines.length > linesMax ? [...lines.slice(0, linesMax), `and ${lines.length - linesMax} more`] : lines;
}

function describe({ nonce, balance, codeHash, slots }: WorldAccount): string {
  return `nonce ${nonce}, balance ${balance}, code ${codeHash}, ${slots.size} slots`;
}
