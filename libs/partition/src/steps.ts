import type { ForkRules, BlockTask, ReadTransaction } from '@sheaf/state-transition';
import {
  beaconRootsAddress,
  consolidationRequestsAddress,
  historyAddress,
  readPayloadTransaction,
  withdrawalRequestsAddress,
} from '@sheaf/state-transition';
import { readTransaction, recoverSender } from '@sheaf/ethereum';
import { hexToBytes, type Address } from '@sheaf/primitives';
import { partitionLimits } from './limits.ts';

/** What happens at one position of a block. */
export type Step =
  { kind: 'system'; to: Address; data: Uint8Array } | { kind: 'transaction'; index: number } | { kind: 'withdrawals' };

/** Every position of the block, in order: system calls, transactions, withdrawals, system calls. */
export function stepsOf(task: BlockTask, rules: ForkRules): Step[] {
  const { fields, transactions } = task;
  const steps: Step[] = [{ kind: 'system', to: beaconRootsAddress, data: hexToBytes(fields.parentBeaconBlockRoot) }];
  if (rules.prague) steps.push({ kind: 'system', to: historyAddress, data: hexToBytes(fields.parentHash) });
  for (let index = 0; index < transactions.length; index++) steps.push({ kind: 'transaction', index });
  steps.push({ kind: 'withdrawals' });
  if (rules.prague) {
    for (const to of [withdrawalRequestsAddress, consolidationRequestsAddress]) {
      steps.push({ kind: 'system', to, data: new Uint8Array(0) });
    }
  }
  return steps;
}

/** How many positions come before the first transaction. */
export function systemStepsBefore(rules: ForkRules): number {
  return rules.prague ? 2 : 1;
}

/** After the last round that is planned in groups each one makes at least one more position final: where gas ends. */
export function roundsMaxOf(steps: readonly Step[]): number {
  return partitionLimits.roundsMax + steps.length;
}

/** The transaction with its sender, or why it cannot be in the block. `hash`: keccak256 of it, where it is known. */
export function readTask(task: BlockTask, rules: ForkRules, index: number, hash?: Uint8Array): ReadTransaction {
  const raw = task.transactions[index]!;
  const known = task.senders && { sender: task.senders[index] };
  if (task.kind === 'payload') return readPayloadTransaction(raw, known, rules, hash);
  const transaction = readTransaction(raw, hash);
  return { transaction, sender: known?.sender ?? recoverSender(transaction) };
}
