import type { PositionRun } from './position-run.ts';
import type { Result } from './results.ts';

const outcomesPerMessage = 128;

/** Tells the coordinator what positions came to while the block runs: most runs are right at once, and it makes receipts of them when it has nothing else to do. */
export class OutcomeTeller {
  readonly #counts: (run: PositionRun) => boolean;
  readonly #tell: (results: readonly Result[]) => void;
  #untold: PositionRun[] = [];

  /** `counts`: the position has not run again since, and was not withdrawn. */
  constructor(counts: (run: PositionRun) => boolean, tell: (results: readonly Result[]) => void) {
    this.#counts = counts;
    this.#tell = tell;
  }

  ran(run: PositionRun): void {
    this.#untold.push(run);
    if (this.#untold.length >= outcomesPerMessage) this.flush();
  }

  /** Tells of all that have run: receipts are made in order, and one that ran late keeps those behind it. */
  flush(): void {
    if (this.#untold.length === 0) return;
    const results = this.#untold.flatMap((each) => {
      if (!this.#counts(each)) return [];
      const { position, outcome } = each;
      return [{ position, outcome }];
    });
    this.#untold = [];
    this.#tell(results);
  }
}
