import { encodeReceipts, OrderedTrie, type Receipt } from '@sheaf/ethereum';
import { bytesToHex, ChainError, concatBytes, type Hash32 } from '@sheaf/primitives';
import {
  bloomOf,
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
import { keccakMany, mergeBuckets, type TopNode } from '@sheaf/trie';
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

/** Transactions that are put into their trie in a step, and receipts that are made. */
const transactionsPerStep = 128;
const receiptsPerStep = 64;
const bloomsPerStep = 64;

/**
 * The receipts of a block, made in order as far as outcomes are known, while others still run; where an outcome changes they are
 * made again from there on. Nothing of it counts before `finish`.
 */
export class BodyAssembly {
  readonly #task: BlockTask;
  readonly #steps: readonly Step[];
  readonly #rules: ForkRules;
  readonly #outcomes: (StepOutcome | undefined)[];
  /** By position: they do not wait for what is before it. */
  readonly #blooms: (Uint8Array | undefined)[] = [];
  /** Positions that may be without theirs, each once. */
  readonly #unbloomed: Set<number> = new Set();
  /** What is at positions below it is in what follows. */
  #next = 0;
  readonly #receipts: Receipt[] = [];
  /** Of each receipt, its position. */
  readonly #positions: number[] = [];
  readonly #dropped: (DroppedTransaction & { position: number })[] = [];
  /** Both as if nothing was dropped, made when there is time, and how many of each are in as they are now. */
  #transactionsTrie: OrderedTrie | undefined;
  #transactionsPut = 0;
  #receiptsTrie: OrderedTrie | undefined;
  #receiptsPut = 0;

  constructor(task: BlockTask, steps: readonly Step[], rules: ForkRules) {
    this.#task = task;
    this.#steps = steps;
    this.#rules = rules;
    this.#outcomes = new Array<StepOutcome | undefined>(steps.length);
  }

  /** In place of what the position came to before. @throws ChainError `INVALID_ARGUMENT` for what no such step comes to */
  take(position: number, outcome: StepOutcome): void {
    const { kind } = this.#steps[position]!;
    if (!possible[kind].includes(outcome.kind)) throw malformed(`has a step '${kind}' come to '${outcome.kind}'`);
    this.#outcomes[position] = outcome;
    this.#blooms[position] = undefined;
    if (outcome.kind === 'included') this.#unbloomed.add(position);
    if (position >= this.#next) return;
    this.#next = position;
    while ((this.#positions.at(-1) ?? -1) >= position) {
      this.#positions.pop();
      this.#receipts.pop();
    }
    while ((this.#dropped.at(-1)?.position ?? -1) >= position) this.#dropped.pop();
    this.#receiptsPut = Math.min(this.#receiptsPut, this.#receipts.length);
  }

  /** The part of all positions that is left to be put into receipts, 0 to 1. */
  get left(): number {
    return 1 - this.#next / this.#steps.length;
  }

  /** One piece of work. `false`: there is nothing to do until more outcomes are known. */
  step(): boolean {
    return this.#putTransactions() || this.#makeReceipts() || this.#makeBlooms();
  }

  #putTransactions(): boolean {
    const { transactions } = this.#task;
    const first = this.#transactionsPut;
    if (first === transactions.length) return false;
    this.#transactionsPut = Math.min(transactions.length, first + transactionsPerStep);
    this.#transactionsTrie ??= new OrderedTrie(transactions.length, keccakMany);
    this.#transactionsTrie.put(first, transactions.slice(first, this.#transactionsPut));
    return true;
  }

  #makeReceipts(): boolean {
    const first = this.#next;
    const end = this.#receipts.length + receiptsPerStep;
    while (this.#next < this.#steps.length && this.#receipts.length < end) {
      const outcome = this.#outcomes[this.#next];
      if (outcome === undefined) break;
      this.#receive(this.#next, outcome);
      this.#next += 1;
    }
    if (this.#dropped.length === 0 && this.#receiptsPut < this.#receipts.length) {
      this.#receiptsTrie ??= new OrderedTrie(this.#task.transactions.length, keccakMany);
      this.#receiptsTrie.put(this.#receiptsPut, encodeReceipts(this.#receipts.slice(this.#receiptsPut)));
      this.#receiptsPut = this.#receipts.length;
    }
    return this.#next > first;
  }

  #makeBlooms(): boolean {
    let made = 0;
    for (const position of this.#unbloomed) {
      if (made === bloomsPerStep) break;
      this.#unbloomed.delete(position);
      this.#bloomOf(position);
      made += 1;
    }
    return made > 0;
  }

  #bloomOf(position: number): Uint8Array | undefined {
    const outcome = this.#outcomes[position]!;
    return outcome.kind === 'included' ? (this.#blooms[position] ??= bloomOf(outcome.applied.logs)) : undefined;
  }

  #receive(position: number, outcome: StepOutcome): void {
    const step = this.#steps[position]!;
    if (step.kind !== 'transaction') return;
    if (outcome.kind === 'dropped') {
      const { hash, reason, cause } = outcome;
      this.#dropped.push({
        position,
        payloadIndex: step.index,
        hash,
        reason,
        ...(cause === undefined ? {} : { cause }),
      });
    } else if (outcome.kind === 'included') {
      const { transaction, sender, applied } = outcome;
      const before = this.#receipts.at(-1)?.cumulativeGasUsed ?? 0n;
      const bloom = this.#bloomOf(position);
      this.#receipts.push(makeReceipt(transaction, sender, applied, before + applied.gasUsed, bloom));
      this.#positions.push(position);
    }
  }

  /**
   * The block that the members' results come to, before anybody knows its state root.
   * @throws ChainError `INVALID_ARGUMENT` when the task is a block and one of its transactions is invalid
   */
  finish(results: readonly Results[]): AssembledBody {
    const missing = this.#outcomes.findIndex((outcome) => outcome === undefined);
    if (missing >= 0) throw malformed(`leaves position ${missing} out`);
    while (this.step());
    // Only here is it known: a run of an earlier round may have seen what it was not to see.
    const [invalid] = this.#dropped;
    if (this.#task.kind === 'block' && invalid !== undefined) {
      const message = `transaction ${invalid.payloadIndex} of the block is invalid: ${invalid.reason}`;
      throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'transactions', message });
    }
    const receipts = this.#receipts;
    const all = this.#dropped.length === 0;
    const outcome = {
      transactions: all ? [...this.#task.transactions] : this.#included(),
      receipts,
      dropped: this.#dropped.map(({ position: _, ...each }) => each),
      blobGasUsed: receipts.reduce((sum, { blobGasUsed }) => sum + blobGasUsed, 0n),
      requests: this.#requests(),
    };
    const ancestors = Math.max(...results.map((each) => each.ancestors));
    return {
      outcome,
      body: bodyFields(this.#task, outcome, all ? this.#roots() : {}),
      codeReads: codesReadBefore(results),
      ancestorsRead: Math.max(1, ancestors - 1),
    };
  }

  #roots() {
    const none = new OrderedTrie(0);
    const [transactions, receipts] = [this.#transactionsTrie ?? none, this.#receiptsTrie ?? none];
    return { transactionsRoot: transactions.root(), receiptsRoot: receipts.root() };
  }

  #included(): Uint8Array[] {
    return this.#positions.map((position) => {
      const step = this.#steps[position] as Step & { kind: 'transaction' };
      return this.#task.transactions[step.index]!;
    });
  }

  #requests(): Uint8Array[] | undefined {
    if (!this.#rules.prague) return undefined;
    const answers = this.#outcomes.flatMap((each) =>
      each?.kind === 'system' ? [each.output ?? new Uint8Array(0)] : [],
    );
    const deposits = this.#receipts.map(({ logs }) => depositRequests(logs)!);
    return typedRequests([concatBytes(...deposits), ...answers.slice(-2)]);
  }
}

/** What a step may come to. */
const possible: Record<Step['kind'], readonly StepOutcome['kind'][]> = {
  system: ['system'],
  transaction: ['included', 'dropped'],
  withdrawals: ['withdrawals'],
};

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
