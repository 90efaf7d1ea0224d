import { notHere } from '@sheaf/evm';
import type { AccountChange, BlockChanges, PartitionState } from '@sheaf/state';
import type { Random } from '../../random.ts';
import { BenchFault } from '../suite.ts';
import { addressOf } from './accounts.ts';

/**
 * What a block of plain transfers changes: two accounts each, no account twice, picked evenly from all of them. The
 * accounts are read here as execution reads them, so that they are in the state's cache when the block is prepared.
 */
export function transferBlock(
  state: PartitionState,
  accounts: number,
  transfers: number,
  random: Random,
): BlockChanges {
  const numbers = pickDistinct(accounts, 2 * transfers, random);
  const changes: AccountChange[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    const amount = 1n + BigInt(random.below(1_000_000));
    changes.push(changeOf(state, numbers[i]!, 1n, -amount), changeOf(state, numbers[i + 1]!, 0n, amount));
  }
  return { accounts: changes, codes: new Map() };
}

/** Distinct numbers below `end`, in the order in which they were drawn. */
export function pickDistinct(end: number, count: number, random: Random): number[] {
  if (count > end) throw new BenchFault(`${count} accounts cannot be picked from ${end}`);
  // Of few, drawing until the last one is found would take long.
  if (count > end / 2) return shuffle(end, random).slice(0, count);
  const picked = new Set<number>();
  while (picked.size < count) picked.add(random.below(end));
  return [...picked];
}

function shuffle(end: number, random: Random): number[] {
  const numbers = Array.from({ length: end }, (_, i) => i);
  for (let i = end - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [numbers[i], numbers[other]] = [numbers[other]!, numbers[i]!];
  }
  return numbers;
}

function changeOf(state: PartitionState, number: number, nonce: bigint, amount: bigint): AccountChange {
  const address = addressOf(number);
  const account = state.account(address);
  if (account === undefined || account === notHere) throw new BenchFault(`account ${number} is not in the store`);
  return {
    address,
    account: { nonce: account.nonce + nonce, balance: account.balance + amount, codeHash: account.codeHash },
    storageWiped: false,
    slots: [],
  };
}
