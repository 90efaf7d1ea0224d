// Accounts by number: every row, child process and run makes the same ones without keeping them.
import { compareBytes } from '@sheaf/primitives';
import { emptyCodeHashBytes } from '@sheaf/state';
import { keccakMany } from '@sheaf/trie';
import { setImmediate } from 'node:timers/promises';

/** The 20 bytes of account `number`, which is below 2^32. */
export function addressOf(number: number): Uint8Array {
  const address = new Uint8Array(20);
  const view = new DataView(address.buffer);
  view.setUint32(0, 0x5ea_f0000);
  view.setUint32(16, number);
  return address;
}

/** What it has at first: some ether to the wei, as most accounts, and no code. */
export function accountOf(number: number): { nonce: bigint; balance: bigint; codeHash: Uint8Array } {
  return {
    nonce: BigInt(number % 50),
    balance: 1_000_000_000_000_000_000n + BigInt(number) * 1_000_000_007n,
    codeHash: emptyCodeHashBytes,
  };
}

/** The accounts 0 up to `count` in the order of their keys. */
export interface SortedAccounts {
  count: number;
  /** The account's number, by its rank. */
  numberAt(rank: number): number;
  /** Its key, a view. */
  keyAt(rank: number): Uint8Array;
  /** The rank of the first account whose key begins with the byte or a higher one. */
  bucketStart(bucket: number): number;
}

const hashedAtOnce = 4_096;

/** 36 bytes an account, outside of the heap. Signals get their turn in between. */
export async function sortAccounts(count: number): Promise<SortedAccounts> {
  const keys = new Uint8Array(32 * count);
  for (let from = 0; from < count; from += hashedAtOnce) {
    const length = Math.min(hashedAtOnce, count - from);
    const digests = keccakMany(Array.from({ length }, (_, i) => addressOf(from + i)));
    digests.forEach((digest, i) => keys.set(digest, 32 * (from + i)));
    await setImmediate();
  }
  const keyOf = (number: number): Uint8Array => keys.subarray(32 * number, 32 * number + 32);
  // By the first 16 bits in one pass, then the few of each group by comparing.
  const starts = new Uint32Array(65_537);
  const group = (number: number): number => keys[32 * number]! * 256 + keys[32 * number + 1]!;
  for (let number = 0; number < count; number++) starts[group(number) + 1]! += 1;
  for (let i = 0; i < 65_536; i++) starts[i + 1]! += starts[i]!;
  const order = new Uint32Array(count);
  const next = starts.slice();
  for (let number = 0; number < count; number++) order[next[group(number)]!++] = number;
  for (let i = 0; i < 65_536; i++) {
    if (i % 256 === 0) await setImmediate();
    order.subarray(starts[i], starts[i + 1]).sort((a, b) => compareBytes(keyOf(a), keyOf(b)));
  }
  return {
    count,
    numberAt: (rank) => order[rank]!,
    keyAt: (rank) => keyOf(order[rank]!),
    bucketStart: (bucket) => starts[256 * bucket]!,
  };
}
