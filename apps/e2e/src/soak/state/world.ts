import { bytesToHex, type Address, type Hash32 } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';

/** Accounts below few buckets, so that these are deep, and some wherever their hash puts them. */
const crowdedBuckets = 8;
const counts = { crowded: 500, scattered: 60, contracts: 40 };
/** Slots that a contract can have: one has many. */
const slotCounts = { first: 400, others: 24 };

/** Every account that there may ever be; the first `contracts` of them have code. */
export const world: readonly Address[] = makeWorld();
export const contractCount = counts.contracts;

export function slotCount(contract: number): number {
  return contract === 0 ? slotCounts.first : slotCounts.others;
}

export function slotOf(number: number): Hash32 {
  return wordOf(number);
}

/** 32 bytes of a number below 2^32. */
export function wordOf(number: number): Hash32 {
  return `0x${number.toString(16).padStart(64, '0')}` as Hash32;
}

function makeWorld(): Address[] {
  const addresses: Address[] = [];
  const add = (count: number, keyFits: (key: Uint8Array) => boolean): void => {
    const end = addresses.length + count;
    for (; addresses.length < end; candidate++) {
      const address = new Uint8Array(20);
      new DataView(address.buffer).setUint32(16, candidate);
      if (keyFits(keccak256(address))) addresses.push(bytesToHex(address) as Address);
    }
  };
  let candidate = 1;
  const crowded = (key: Uint8Array): boolean => key[0]! < crowdedBuckets;
  add(counts.contracts / 2, crowded);
  add(counts.contracts / 2 + counts.scattered, () => true);
  add(counts.crowded, crowded);
  return addresses;
}
