import type { SuiteOptions } from '../suite.ts';
import type { StoreFolder } from './store.ts';
import type { Sizes, WorkloadName, Workloads } from './workloads.ts';

/** What a part of the suite works with. */
export interface PartContext extends Pick<SuiteOptions, 'runs' | 'clock' | 'program' | 'progress'> {
  sizes: Sizes;
  names: readonly WorkloadName[];
  workloads: Workloads;
  folder: StoreFolder;
  /** Whether the bars are for these sizes. */
  bars: boolean;
}

export interface PartReport {
  text: string;
  data: object;
}

/** A value and what it had to be. */
export function withBar(text: string, reached: boolean, bars: boolean): string {
  return bars ? `${text} ${reached ? 'ok' : 'MISSED'}` : text;
}
