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
