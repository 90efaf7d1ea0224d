import { ChainError } from '@sheaf/primitives';
import type { TraceLimits } from '../../trace-limits.ts';

/** What one trace, of however many transactions, may still take. */
export class TraceBudget {
  readonly #limits: TraceLimits;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #started: number;
  #steps = 0;
  #characters = 0;

  /** `timeoutMs`: 0 for the maximum. */
  constructor(limits: TraceLimits, timeoutMs: number, now: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#timeoutMs = timeoutMs === 0 ? limits.runMsMax : Math.min(timeoutMs, limits.runMsMax);
    this.#now = now;
    this.#started = now();
  }

  /** Before every instruction. @throws ChainError `LIMIT`, `DEADLINE` */
  step(): void {
    this.#steps += 1;
    if (this.#steps > this.#limits.stepsMax) {
      throw limit(`the trace has more than ${this.#limits.stepsMax} instructions`);
    }
    // The clock costs as much as a cheap instruction.
    if (this.#steps % 256 === 0) this.checkTime();
  }

  /** So much more JSON. @throws ChainError `LIMIT` */
  write(characters: number): void {
    this.#characters += characters;
    if (this.#characters > this.#limits.answerBytesMax) {
      throw limit(`the trace has more than ${this.#limits.answerBytesMax} bytes`);
    }
  }

  /** @throws ChainError `DEADLINE` */
  checkTime(): void {
    if (this.#now() - this.#started <= this.#timeoutMs) return;
    throw new ChainError({ code: 'DEADLINE', message: `the trace took longer than ${this.#timeoutMs} ms` });
  }
}

function limit(message: string): ChainError {
  return new ChainError({ code: 'LIMIT', message, retryAfterMs: 0 });
}
