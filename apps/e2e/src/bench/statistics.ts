/** What several measurements of one thing come to. */
export interface Summary {
  count: number;
  min: number;
  median: number;
  max: number;
  /** Median of the distances from the median: half of the samples are no farther than this. */
  deviation: number;
}

/** The middle sample, or the mean of the two in the middle. @throws RangeError without samples */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @throws RangeError without samples */
export function summarize(samples: readonly number[]): Summary {
  const middle = median(samples);
  return {
    count: samples.length,
    min: Math.min(...samples),
    median: middle,
    max: Math.max(...samples),
    deviation: median(samples.map((sample) => Math.abs(sample - middle))),
  };
}
