import type { BlockTask, ForkRules, ReadTransaction } from '@sheaf/state-transition';
import { keccakMany } from '@sheaf/trie';
import { readTask, stepsOf, type Step } from './steps.ts';

/** What happens in a block, by position, and its transactions: each is read once, whoever asks first. */
export class BlockReader {
  readonly task: BlockTask;
  readonly steps: readonly Step[];
  readonly #rules: ForkRules;
  readonly #read: (ReadTransaction | undefined)[] = [];

  constructor(task: BlockTask, rules: ForkRules) {
    this.task = task;
    this.#rules = rules;
    this.steps = stepsOf(task, rules);
  }

  /** The transaction of the position; `undefined`: there is another step. */
  transaction(position: number): ReadTransaction | undefined {
    const step = this.steps[position]!;
    if (step.kind !== 'transaction') return undefined;
    return (this.#read[position] ??= readTask(this.task, this.#rules, step.index));
  }

  /** It has run: whoever asks again, which is seldom, has it read again. Until the block is decided V8 would copy it, twice. */
  forget(position: number): void {
    this.#read[position] = undefined;
  }

  /** Reads the transactions of these positions: hashed together. */
  read(positions: readonly number[]): void {
    const found = positions.flatMap((position) => {
      const step = this.steps[position]!;
      if (step.kind !== 'transaction' || this.#read[position] !== undefined) return [];
      return [{ position, index: step.index }];
    });
    const hashes = keccakMany(found.map(({ index }) => this.task.transactions[index]!));
    found.forEach(({ position, index }, at) => {
      this.#read[position] = readTask(this.task, this.#rules, index, hashes[at]);
    });
  }
}
