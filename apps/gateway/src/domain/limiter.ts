import { ChainError } from '@sheaf/primitives';

/** Runs at most so many things at once, lets at most so many wait, and refuses the rest. First come, first served. */
export interface Limiter {
  /** @throws ChainError `LIMIT` when the queue is full */
  run<T>(work: () => Promise<T>): Promise<T>;
  running(): number;
  waiting(): number;
}

export function createLimiter(options: { name: string; runningMax: number; waitingMax: number }): Limiter {
  let running = 0;
  const queue: (() => void)[] = [];

  async function run<T>(work: () => Promise<T>): Promise<T> {
    if (running >= options.runningMax) {
      if (queue.length >= options.waitingMax) throw full();
      await new Promise<void>((start) => queue.push(start));
    } else {
      running++;
    }
    try {
      return await work();
    } finally {
      // The place goes straight to who waits longest, so nobody slips in between.
      const next = queue.shift();
      if (next) next();
      else running--;
    }
  }

  function full(): ChainError {
    return new ChainError({
      code: 'LIMIT',
      message: `${options.name} is busy: ${options.runningMax} requests run and ${options.waitingMax} wait`,
      retryAfterMs: 250,
    });
  }

  return { run, running: () => running, waiting: () => queue.length };
}
