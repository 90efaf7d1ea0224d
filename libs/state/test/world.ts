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
import { emptyCodeHashBytes, type AccessList, type BlockChanges } from '../src/index.ts';

export interface WorldAccount {
  nonce: bigint;
  balance: bigint;
  code: Uint8Array;
  /** Values above zero. */
  slots: Map<Hash32, bigint>;
}

export type World = Map<Address, WorldAccount>;

/**
 * Where keys are uniform, a few accounts share no branch below the buckets. The keys of the first twelve addresses begin
 * with 80, those of nine of them with 803, of six with 803f, of three with 803f3: branches in one bucket, that come and go.
 */
const crowdedAccounts = [27241, 52208, 60744, 5651, 5718, 64588, 34187, 45969, 36595, 632, 656, 732];
/** The same of slots: 01fc of five, 01fc0 of three. */
const crowdedSlots = [2549, 52080, 59373, 4817, 11637];

export const addressOf = (n: number): Address => {
  const seed = crowdedAccounts[n] ?? n;
  return toAddress(keccak256(Uint8Array.of(seed >> 8, seed)).subarray(12));
};
export const slotOf = (n: number): Hash32 => toHash32(wordOf(BigInt(crowdedSlots[n] ?? n)));
export const wordOf = (value: bigint): Uint8Array => {
  const word = new Uint8Array(32);
  const bytes = bigintToBytes(value);
  word.set(bytes, 32 - bytes.length);
  return word;
};

export function copyWorld(world: World): World {
  return new Map([...world].map(([address, account]) => [address, { ...account, slots: new Map(account.slots) }]));
}

const roots = new WeakMap<World, string>();

/** The world must not change afterwards: it is worked out once. */
export function rootOfWorld(world: World): string {
  let root = roots.get(world);
  if (root === undefined) roots.set(world, (root = hashWorld(world)));
  return root;
}

function hashWorld(world: World): string {
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
      changes.accounts.push({
        address: hexToBytes(address),
        account: undefined,
        storageWiped: (from?.slots.size ?? 0) > 0,
        slots: [],
      });
      continue;
    }
    const storageWiped = wiped.has(address);
    const old = storageWiped ? undefined : from?.slots;
    const slots = [...new Set([...(old?.keys() ?? []), ...to.slots.keys()])]
      .filter((slot) => old?.get(slot) !== to.slots.get(slot))
      .map((slot) => ({ slot: hexToBytes(slot), value: wordOf(to.slots.get(slot) ?? 0n) }));
    const codeHash = to.code.length === 0 ? emptyCodeHashBytes : keccak256(to.code);
    if (to.code.length > 0) changes.codes.set(bytesToHex(codeHash) as Hash32, to.code);
    changes.accounts.push({
      address: hexToBytes(address),
      account: { nonce: to.nonce, balance: to.balance, codeHash },
      storageWiped,
      slots,
    });
  }
  return changes;
}

/** The list of a block that reads what it changes and then some more: slots of accounts, by their numbers. */
export function accessListOf(
  { accounts, codes }: BlockChanges,
  reads: readonly [who: number, slot: number][],
): AccessList {
  const touched = new Map<string, AccessList['accounts'][number]>(
    accounts.map((change) => [toAddress(change.address), { address: change.address, reads: [], change }]),
  );
  for (const [who, number] of reads) {
    const name = addressOf(who);
    const slot = slotOf(number);
    const access = touched.get(name) ?? { address: hexToBytes(name), reads: [], change: undefined };
    touched.set(name, access);
    const known = [...access.reads, ...(access.change?.slots.map((each) => each.slot) ?? [])];
    if (!known.some((each) => toHash32(each) === slot)) access.reads.push(hexToBytes(slot));
  }
  return { accounts: [...touched.values()], codes, codeReads: [] };
}
