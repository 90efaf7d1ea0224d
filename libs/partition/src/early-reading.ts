import { hexToBytes, type Address } from '@sheaf/primitives';
import type { Executor } from './executor.ts';
import type { VersionedMemory } from './memory.ts';
import type { Step } from './steps.ts';

export interface EarlyReadingOptions {
  member: number;
  steps: readonly Step[];
  /** Of each transaction, where it is known. */
  senders: readonly (Address | undefined)[];
  memory: VersionedMemory;
  executor: Pick<Executor, 'read'>;
}

/** Positions that are looked at in one step. */
const positionsPerStep = 128;

/** What a member does while the coordinator places the block: reads the transactions of its own senders, most of which it will run. */
export class EarlyReading {
  readonly #options: EarlyReadingOptions;
  #next = 0;

  constructor(options: EarlyReadingOptions) {
    this.#options = options;
  }

  /** One piece of work. `false`: there is no more. */
  step(): boolean {
    const { member, steps, senders, memory, executor } = this.#options;
    const first = this.#next;
    if (first === steps.length) return false;
    this.#next = Math.min(steps.length, first + positionsPerStep);
    const found: { position: number; sender: Uint8Array }[] = [];
    for (let position = first; position < this.#next; position++) {
      const step = steps[position]!;
      const sender = step.kind === 'transaction' ? senders[step.index] : undefined;
      if (sender !== undefined) found.push({ position, sender: hexToBytes(sender) });
    }
    memory.expect(found.map(({ sender }) => sender));
    executor.read(found.flatMap(({ position, sender }) => (memory.cell(sender).owner === member ? [position] : [])));
    return true;
  }
}
