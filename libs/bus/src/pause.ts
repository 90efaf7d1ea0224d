/** Resolves after `ms`, or at once when `signal` is or becomes aborted. Does not keep the process alive. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    timer.unref();
    signal.addEventListener('abort', done);
  });
}

/** Waits that double from `min` to `max` until `reset`. */
export function doubling(bounds: { min: number; max: number }): { next(): number; reset(): void } {
  let ms = bounds.min;
  return {
    next() {
      const now = ms;
      ms = Math.min(ms * 2, bounds.max);
      return now;
    },
    reset() {
      ms = bounds.min;
    },
  };
}
