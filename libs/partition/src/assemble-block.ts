import type { Receipt } from '@sheaf/ethereum';
import { bytesToHex, ChainError, concatBytes, type Hash32 } from '@sheaf/primitives';
import {
  bodyFields,
  completeBlock,
  depositRequests,
  makeReceipt,
  typedRequests,
  type BlockOutcome,
  type BlockTask,
  type BodyFields,
  type DroppedTransaction,
  type ExecutedBlock,
  type ForkRules,
} from '@sheaf/state-transition';
import { mergeBuckets, type TopNode } from '@sheaf/trie';
import { malformed } from './bytes.ts';
import type { StepOutcome } from './position-run.ts';
import type { Results } from './results.ts';
import type { Step } from './steps.ts';

/** A block but for its state root. */
export interface AssembledBody {
  outcome: BlockOutcome;
  body: BodyFields;
  codeReads: Hash32[];
  ancestorsRead: number;
}

/**
 * The block that the members' results come to, before anybody knows its state root. `rootOfAll`: of all transactions, where it is made
 * beforehand.
 */
export function assembleBody(
  task: BlockTask,
  steps: readonly Step[],
  rules: ForkRules,
  results: readonly Results[],
  rootOfAll: () => Hash32 | undefined,
): AssembledBody {
  const outcomes = new Array<StepOutcome | undefined>(steps.length);
  for (const { results: each } of results) {
    for (const { position, outcome } of each) outcomes[position] = outcome;
  }
  const transactions: Uint8Array[] = [];
  const receipts: Receipt[] = [];
  const dropped: DroppedTransaction[] = [];
  const deposits: Uint8Array[] = [];
  const answers: Uint8Array[] = [];
  let gasUsed = 0n;
  let blobGasUsed = 0n;
  steps.forEach((step, position) => {
    const outcome = outcomes[position];
    if (outcome === undefined) throw malformed(`leaves position ${position} out`);
    if (outcome.kind === 'system') answers.push(outcome.output ?? new Uint8Array(0));
    if (step.kind !== 'transaction') return;
    if (outcome.kind === 'dropped') {
      // Only here is it known: a run of an earlier round may have seen what it was not to see.
      if (task.kind === 'block') {
        const message = `transaction ${step.index} of the block is invalid: ${outcome.reason}`;
        throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'transactions', message });
      }
      const { hash, reason, cause } = outcome;
      dropped.push({ payloadIndex: step.index, hash, reason, ...(cause === undefined ? {} : { cause }) });
    } else if (outcome.kind === 'included') {
      const { transaction, sender, applied } = outcome;
      gasUsed += applied.gasUsed;
      blobGasUsed += applied.blobGasUsed;
      transactions.push(task.transactions[step.index]!);
      receipts.push(makeReceipt(transaction, sender, applied, gasUsed));
      if (rules.prague) deposits.push(depositRequests(applied.logs)!);
    }
  });
  const requests = rules.prague ? typedRequests([concatBytes(...deposits), ...answers.slice(-2)]) : undefined;
  const outcome = { transactions, receipts, dropped, blobGasUsed, requests };
  const ancestors = Math.max(...results.map((each) => each.ancestors));
  return {
    outcome,
    body: bodyFields(task, outcome, transactions.length === task.transactions.length ? rootOfAll() : undefined),
    codeReads: codesReadBefore(results),
    ancestorsRead: Math.max(1, ancestors - 1),
  };
}

/** `tops`: of all 256 buckets. */
export function assembleBlock(
  task: BlockTask,
  { outcome, body }: AssembledBody,
  tops: readonly TopNode[],
): ExecutedBlock {
  const stateRoot = bytesToHex(mergeBuckets(tops).root) as Hash32;
  return completeBlock(task, outcome, stateRoot, body);
}

/** Codes that were read from the state before the block: not those that a transaction before had made. */
function codesReadBefore(results: readonly Results[]): Hash32[] {
  const read = earliest(results.map(({ codeReads }) => codeReads));
  const made = earliest(results.map(({ codesMade }) => codesMade));
  return [...read].flatMap(([hash, position]) => (position <= (made.get(hash) ?? Infinity) ? [hash] : []));
}

function earliest(maps: readonly ReadonlyMap<Hash32, number>[]): Map<Hash32, number> {
  const first = new Map<Hash32, number>();
  for (const map of maps) {
    for (const [hash, position] of map) first.set(hash, Math.min(position, first.get(hash) ?? Infinity));
  }
  return first;
}
