import type { HostAccount } from '@sheaf/evm';
import { bytesToHex, ChainError, compareBytes, equalBytes, type Hash32 } from '@sheaf/primitives';
import {
  createTrieEngine,
  emptyTrieRoot,
  keccak256,
  lookUp,
  PartialTrie,
  partialTries,
  type LeafChange,
  type TrieBatch,
} from '@sheaf/trie';
import { decodeAccountLeaf, encodeAccountLeaf, type AccountLeaf } from './account-leaf.ts';
import type { AccountChange, BlockChanges } from './block-changes.ts';
import { leafOfSlot, padSlot, slotOfLeaf, trimSlot } from './slot-value.ts';
import type { BlockState } from './block-state.ts';
import type { StateWitness } from './witness.ts';

const whole = new Uint8Array(0);

/**
 * The state before a block as far as a witness has it, and the root after it. What the witness has is proven against the
 * root when this is made; what it has not is an error when it is asked for, never another answer.
 *
 * Its methods throw ChainError `DATA_LOSS` for what the witness lacks.
 */
export class WitnessState implements BlockState {
  readonly #accounts: PartialTrie;
  readonly #storages = new Map<string, Uint8Array>();
  readonly #opened = new Map<string, PartialTrie>();
  readonly #codes = new Map<string, Uint8Array>();
  readonly #engine = createTrieEngine();

  /** @throws ChainError `DATA_LOSS` when its account trie has another root, `INVALID_ARGUMENT` when it is no trie */
  constructor({ accounts, storages, codes }: StateWitness, stateRoot: Hash32) {
    this.#accounts = PartialTrie.decode(accounts, 'witness.accounts');
    if (bytesToHex(this.#accounts.root) !== stateRoot) {
      throw lacks(`the account trie of the witness has root ${bytesToHex(this.#accounts.root)}, not ${stateRoot}`);
    }
    for (const { account, trie } of storages) this.#storages.set(bytesToHex(account), trie);
    for (const code of codes) this.#codes.set(bytesToHex(keccak256(code)), code);
  }

  account(address: Uint8Array): HostAccount | undefined {
    const leaf = this.#leaf(keccak256(address));
    return (
      leaf && {
        nonce: leaf.nonce,
        balance: leaf.balance,
        codeHash: leaf.codeHash,
        hasStorage: !equalBytes(leaf.storageRoot, emptyTrieRoot),
      }
    );
  }

  storage(address: Uint8Array, slot: Uint8Array): Uint8Array | undefined {
    const key = keccak256(address);
    const leaf = this.#leaf(key);
    if (leaf === undefined || equalBytes(leaf.storageRoot, emptyTrieRoot)) return undefined;
    const value = lookUp(this.#storage(key, leaf), { owner: 0, position: whole }, keccak256(slot));
    return value && padSlot(slotOfLeaf(value));
  }

  code(codeHash: Uint8Array): Uint8Array {
    const code = this.#codes.get(bytesToHex(codeHash));
    if (code === undefined) throw lacks(`the witness lacks code ${bytesToHex(codeHash)}`);
    return code;
  }

  /** The state root after the changes. */
  rootAfter({ accounts }: BlockChanges): Hash32 {
    const updates = accounts.map((change) => this.#update(change)).sort((a, b) => compareBytes(a.key, b.key));
    const tries = new Map<number, PartialTrie>([[0, this.#accounts]]);
    const batches: TrieBatch[] = [];
    const owners: (Update | undefined)[] = [];
    for (const update of updates) {
      if (update.slots.length === 0) continue;
      const owner = batches.length + 1;
      tries.set(owner, update.storage);
      owners.push(update);
      batches.push({ owner, position: whole, changes: update.slots });
    }
    const source = partialTries(tries);
    this.#engine.commit(batches, source).roots.forEach((root, i) => (owners[i]!.storageRoot = root));
    const leaves = updates.flatMap(({ key, change, storageRoot, existed }): LeafChange[] => {
      const value = change.account && encodeAccountLeaf({ ...change.account, storageRoot });
      return value === undefined && !existed ? [] : [{ key, value, existed }];
    });
    return bytesToHex(
      this.#engine.commit([{ owner: 0, position: whole, changes: leaves }], source).roots[0]!,
    ) as Hash32;
  }

  #update(change: AccountChange): Update {
    const key = keccak256(change.address);
    const leaf = this.#leaf(key);
    const fresh = leaf === undefined || change.storageWiped || equalBytes(leaf.storageRoot, emptyTrieRoot);
    const storage = fresh || change.slots.length === 0 ? emptyTrie : this.#storage(key, leaf);
    const slots =
      change.account === undefined ? [] : change.slots.map(({ slot, value }) => slotChange(storage, slot, value));
    return {
      change,
      key,
      existed: leaf !== undefined,
      storage,
      slots: slots
        .filter(({ value, existed }) => value !== undefined || existed)
        .sort((a, b) => compareBytes(a.key, b.key)),
      storageRoot: fresh ? emptyTrieRoot : leaf.storageRoot,
    };
  }

  #leaf(key: Uint8Array): AccountLeaf | undefined {
    const value = lookUp(this.#accounts, { owner: 0, position: whole }, key);
    return value && decodeAccountLeaf(value);
  }

  /** The account's storage, proven against its root. */
  #storage(key: Uint8Array, { storageRoot }: AccountLeaf): PartialTrie {
    const name = bytesToHex(key);
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const encoded = this.#storages.get(name);
    if (encoded === undefined) throw lacks(`the witness lacks the storage of account ${name}`);
    const trie = PartialTrie.decode(encoded, `witness.storages.${name}`);
    if (!equalBytes(trie.root, storageRoot)) {
      throw lacks(
        `the storage of account ${name} in the witness has root ${bytesToHex(trie.root)}, not ${bytesToHex(storageRoot)}`,
      );
    }
    this.#opened.set(name, trie);
    return trie;
  }
}

interface Update {
  change: AccountChange;
  key: Uint8Array;
  existed: boolean;
  storage: PartialTrie;
  slots: LeafChange[];
  storageRoot: Uint8Array;
}

const emptyTrie = new PartialTrie(undefined);

function slotChange(storage: PartialTrie, slot: Uint8Array, word: Uint8Array): LeafChange {
  const key = keccak256(slot);
  const value = trimSlot(word);
  const existed = lookUp(storage, { owner: 0, position: whole }, key) !== undefined;
  return { key, value: value && leafOfSlot(value), existed };
}

function lacks(message: string): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message });
}
