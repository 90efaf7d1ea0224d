import type { ClockKind } from './clock.ts';

/** One benchmark that `npm run bench -- <name>` can run. */
export interface Suite {
  name: string;
  /** Half a sentence for the list of suites. */
  summary: string;
  /** What `--rows` may name. */
  rows: readonly string[];
  /** @throws BenchFault in one sentence, when the measurement would mean nothing */
  run(options: SuiteOptions): Promise<SuiteReport>;
}

export interface SuiteOptions {
  /** Samples of each figure, at least 1. */
  runs: number;
  /** The rows wanted, in the suite's order. */
  rows: readonly string[];
  clock: ClockKind;
  /** Says what is being measured now. */
  progress(sentence: string): void;
}

export interface SuiteReport {
  /** For people. */
  text: string;
  /** For programs: every sample, as JSON. */
  data: object;
}

/** Why nothing was measured, in one sentence for the user. */
export class BenchFault extends Error {}
