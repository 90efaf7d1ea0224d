import type { ClockKind } from './clock.ts';
import type { ScaleName } from './state/scale.ts';

/** One benchmark that `npm run bench -- <name>` can run. */
export interface Suite {
  name: string;
  /** Half a sentence for the list of suites. */
  summary: string;
  /** What `--rows` may name. */
  rows: readonly string[];
  /** Which of the options that only some suites have it takes. */
  options?: readonly ('scale' | 'plot' | 'workloads')[];
  /** What `--workloads` may name. */
  workloads?: readonly string[];
  /** @throws BenchFault in one sentence, when the measurement would mean nothing */
  run(options: SuiteOptions): Promise<SuiteReport>;
}

export interface SuiteOptions {
  /** Samples of each figure, at least 1. */
  runs: number;
  /** The rows wanted, in the suite's order. */
  rows: readonly string[];
  clock: ClockKind;
  /** `full` unless asked for otherwise. */
  scale: ScaleName;
  /** The workloads wanted; `undefined`: all. */
  workloads: readonly string[] | undefined;
  /** Where a plot goes as an SVG file. */
  plot: string | undefined;
  /** This program's own file, for what is measured in a process of its own. */
  program: string;
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
