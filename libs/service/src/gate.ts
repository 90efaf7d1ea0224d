import { ChainError } from '@sheaf/primitives';

/** Lets a bounded number of pieces of work run, a bounded number wait, and refuses the rest. */
export interface Gate {
  /**
   * Runs `work` when its turn comes, in the order of the calls.
   * @throws ChainError `LIMIT` at once when the queue is full; otherwise whatever `work` throws
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Pieces of work running and waiting now. */
  load(): { running: number; waiting: number };
}

const retryAfterMs = 250;

/** A gate for `runningMax` pieces of work at a time with `waitingMax` behind them. */
export function createGate(options: { name: string; runningMax: number; waitingMax: number }): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function enter(): Promise<void> {
    if (running < options.runningMax) {
      running += 1;
      return;
    }
    if (waiting.length >= options.waitingMax) {
      const message = `${options.name}: ${running} running and ${waiting.length} waiting is the maximum`;
      throw new ChainError({ code: 'LIMIT', message, retryAfterMs });
    }
    // The place is handed over by whoever leaves, so `running` stays as it is and nobody slips in between.
    await new Promise<void>((admit) => waiting.push(admit));
  }

  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }

  return {
    async run(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
    load: () => ({ running, waiting: waiting.length }),
  };
}
