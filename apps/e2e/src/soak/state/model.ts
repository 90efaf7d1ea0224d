import { Trie } from '@sheaf/ethereum';
import { keccak256 } from '@sheaf/crypto';
import {
  bytesToHex,
  encodeRlp,
  bigintToBytes,
  hexToBytes,
  toAddress,
  toHash32,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import type { BlockChanges } from '@sheaf/state';
import { blockAt, type StateView } from './workload.ts';

/** An account with its storage. Never changed once it is made. */
export interface ModelAccount {
  nonce: bigint;
  balance: bigint;
  codeHash: Uint8Array;
  /** 32 bytes each, none of them zero. */
  slots: ReadonlyMap<Hash32, Uint8Array>;
}

/** The state after one height. Never changed once it is made. */
export type ModelState = ReadonlyMap<Address, ModelAccount>;

const noSlots: ReadonlyMap<Hash32, Uint8Array> = new Map();

/**
 * What the store must hold, by plain maps and by the trie of libs/ethereum: nothing of it is the store's own code. It
 * knows the last `statesKept` heights.
 */
export class Model {
  readonly #seed: number;
  readonly #statesKept: number;
  readonly #states = new Map<bigint, ModelState>();
  #height = 0n;

  constructor(seed: number, statesKept: number) {
    this.#seed = seed;
    this.#statesKept = statesKept;
    this.#states.set(0n, new Map());
  }

  /** Runs the blocks up to the height; it does not go back. */
  advance(height: bigint): void {
    while (this.#height < height) {
      const before = this.at(this.#height)!;
      this.#height += 1n;
      const { changes } = blockAt(this.#seed, this.#height, viewOf(before));
      this.#states.set(this.#height, applyChanges(before, changes));
      this.#states.delete(this.#height - BigInt(this.#statesKept));
    }
  }

  /** `undefined`: it is not known any more, or not yet. */
  at(height: bigint): ModelState | undefined {
    return this.#states.get(height);
  }
}

/** The state as the workload reads it. */
export function viewOf(state: ModelState): StateView {
  return {
    account: (address) => state.get(bytesToHex(address) as Address),
    storage: (address, slot) => state.get(bytesToHex(address) as Address)?.slots.get(bytesToHex(slot) as Hash32),
  };
}

/** The state root, by the trie of libs/ethereum. */
export function rootOf(state: ModelState): Hash32 {
  const trie = new Trie();
  for (const [address, { nonce, balance, codeHash, slots }] of state) {
    const leaf = encodeRlp([bigintToBytes(nonce), bigintToBytes(balance), storageRootOf(slots), codeHash]);
    trie.put(keccak256(hexToBytes(address)), leaf);
  }
  return bytesToHex(trie.commit().root) as Hash32;
}

/** Most storages are the same ones from height to height. */
const storageRoots = new WeakMap<ReadonlyMap<Hash32, Uint8Array>, Uint8Array>();

function storageRootOf(slots: ReadonlyMap<Hash32, Uint8Array>): Uint8Array {
  let root = storageRoots.get(slots);
  if (root === undefined) {
    const trie = new Trie();
    for (const [slot, value] of slots) {
      trie.put(keccak256(hexToBytes(slot)), encodeRlp(bigintToBytes(BigInt(bytesToHex(value)))));
    }
    ({ root } = trie.commit());
    storageRoots.set(slots, root);
  }
  return root;
}

function applyChanges(before: ModelState, { accounts }: BlockChanges): ModelState {
  const after = new Map(before);
  for (const { address: bytes, account, storageWiped, slots } of accounts) {
    const address = toAddress(bytes);
    if (account === undefined) {
      after.delete(address);
      continue;
    }
    const kept = storageWiped ? noSlots : (before.get(address)?.slots ?? noSlots);
    after.set(address, { ...account, slots: slots.length === 0 ? kept : changeSlots(kept, slots) });
  }
  return after;
}

function changeSlots(
  before: ReadonlyMap<Hash32, Uint8Array>,
  changes: readonly { slot: Uint8Array; value: Uint8Array }[],
): ReadonlyMap<Hash32, Uint8Array> {
  const after = new Map(before);
  for (const { slot: bytes, value } of changes) {
    const slot = toHash32(bytes);
    if (value.every((byte) => byte === 0)) after.delete(slot);
    else after.set(slot, value);
  }
  return after;
}
