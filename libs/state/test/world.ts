// A state as plain maps, with the root computed anew from all of it: what a store is compared with.
import {
  encodeRlp,
  bigintToBytes,
  bytesToHex,
  hexToBytes,
  toAddress,
  toHash32,
  type Address,
  type Hash32,
} from '@sheaf/primitives';
import { Trie } from '@sheaf/ethereum';
import { keccak256 } from '@sheaf/trie';
import { emptyCodeHashBytes, type BlockChanges } from '../src/index.ts';

export interface WorldAccount {
  nonce: bigint;
  balance: bigint;
  code: Uint8Array;
  /** Values above zero. */
  slots: Map<Hash32, bigint>;
}

export type World = Map<Address, WorldAccount>;

export const addressOf = (n: number): Address => toAddress(keccak256(Uint8Array.of(n >> 8, n)).subarray(12));
export const slotOf = (n: number): Hash32 => toHash32(new Uint8Array(32).fill(n % 256, 31));
export const wordOf = (value: bigint): Uint8Array => {
  const word = new Uint8Array(32);
  const bytes = bigintToBytes(value);
  word.set(bytes, 32 - bytes.length);
  return word;
};

export function copyWorld(world: World): World {
  return new Map([...world].map(([address, account]) => [address, { ...account, slots: new Map(account.slots) }]));
}

export function rootOfWorld(world: World): string {
  const trie = new Trie();
  for (const [address, { nonce, balance, code, slots }] of world) {
    const storage = new Trie();
    for (const [slot, value] of slots) storage.put(keccak256(hexToBytes(slot)), encodeRlp(bigintToBytes(value)));
    const leaf = [bigintToBytes(nonce), bigintToBytes(balance), storage.commit().root, keccak256(code)];
    trie.put(keccak256(hexToBytes(address)), encodeRlp(leaf));
  }
  return bytesToHex(trie.commit().root);
}

/** What turns one world into the other. */
export function changesBetween(before: World, after: World, wiped: ReadonlySet<Address> = new Set()): BlockChanges {
  const changes: BlockChanges = { accounts: [], codes: new Map() };
  for (const address of new Set([...before.keys(), ...after.keys()])) {
    const [from, to] = [before.get(address), after.get(address)];
    if (to === undefined) {
      changes.accounts.push({ address, account: undefined, storageWiped: (from?.slots.size ?? 0) > 0, slots: [] });
      continue;
    }
    const storageWiped = wiped.has(address);
    const old = storageWiped ? undefined : from?.slots;
    const slots = [...new Set([...(old?.keys() ?? []), ...to.slots.keys()])]
      .filter((slot) => old?.get(slot) !== to.slots.get(slot))
      .map((slot) => ({ slot, value: wordOf(to.slots.get(slot) ?? 0n) }));
    const codeHash = to.code.length === 0 ? emptyCodeHashBytes : keccak256(to.code);
    if (to.code.length > 0) changes.codes.set(bytesToHex(codeHash) as Hash32, to.code);
    changes.accounts.push({
      address,
      account: { nonce: to.nonce, balance: to.balance, codeHash },
      storageWiped,
      slots,
    });
  }
  return changes;
}
