import { benchNames, type BenchName } from '../../workloads/bench-workload.ts';
import type { ScaleName } from '../state/scale.ts';
import { median } from '../statistics.ts';
import { workloadCase, type BenchCase } from './bench-case.ts';
import { findMainnetBlocks, mainnetCase } from './mainnet-cases.ts';

/** What is executed: blocks of one kind, or mainnet's. */
export const workloadNames = [...benchNames, 'mainnet'] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** How much is measured. */
export interface Sizes {
  /** In a block, and in the one that nobody measures. */
  transactions: number;
  warmUpTransactions: number;
  /** Funded at genesis; `undefined`: as the workload has it, 20,000 or 10,000. */
  accounts: number | undefined;
  /** Members whose work is accounted. */
  members: readonly number[];
  /** Members that run as processes to be weighed. */
  processes: readonly number[];
  /** Every so many-th of mainnet's blocks. */
  mainnetEvery: number;
  /** Measured passes over mainnet's blocks, at most; one more comes first. */
  mainnetPassesMax: number;
  /** Blocks of a workload that the peer executes, at most. */
  peerBlocksMax: number;
}

export const sizesOf: Readonly<Record<ScaleName, Sizes>> = {
  full: {
    transactions: 5_000,
    warmUpTransactions: 1_000,
    accounts: undefined,
    members: [1, 2, 4, 8, 16],
    processes: [1, 2, 4],
    mainnetEvery: 1,
    mainnetPassesMax: 3,
    peerBlocksMax: 3,
  },
  small: {
    transactions: 500,
    warmUpTransactions: 200,
    accounts: 2_500,
    members: [1, 2, 4],
    processes: [1, 2],
    mainnetEvery: 8,
    mainnetPassesMax: 1,
    peerBlocksMax: 1,
  },
};

/** The cases of each workload, made when they are first asked for. */
export class Workloads {
  readonly #sizes: Sizes;
  readonly #blocks: number;
  readonly #progress: (sentence: string) => void;
  readonly #cases = new Map<WorkloadName, BenchCase[]>();

  constructor(sizes: Sizes, options: { runs: number; progress(sentence: string): void }) {
    this.#sizes = sizes;
    this.#blocks = options.runs;
    this.#progress = options.progress;
  }

  /** A workload is one case of as many blocks as there are runs; of mainnet each block is a case. */
  async cases(name: WorkloadName): Promise<BenchCase[]> {
    let cases = this.#cases.get(name);
    if (cases === undefined) {
      this.#progress(`${name}: making its blocks`);
      cases = name === 'mainnet' ? await this.#mainnet() : [await this.#workload(name)];
      this.#cases.set(name, cases);
    }
    return cases;
  }

  /**
   * How often the cases are run to get as many samples as runs, and how many runs before that do not count: V8 goes on replacing
   * code for about ten blocks, on threads of its own, which a member that has run for an hour has behind it.
   */
  passes(name: WorkloadName): { warmUp: number; measured: number } {
    return { warmUp: 1, measured: name === 'mainnet' ? Math.min(this.#blocks, this.#sizes.mainnetPassesMax) : 1 };
  }

  #workload(name: BenchName): Promise<BenchCase> {
    const { transactions, warmUpTransactions, accounts } = this.#sizes;
    const options = { blocks: this.#blocks, transactions, warmUpTransactions };
    return workloadCase(name, accounts === undefined ? options : { ...options, accounts });
  }

  async #mainnet(): Promise<BenchCase[]> {
    const { mainnetEvery } = this.#sizes;
    const files = findMainnetBlocks().filter((_, index) => index % mainnetEvery === mainnetEvery - 1);
    const cases: BenchCase[] = [];
    for (const file of files) {
      const made = await mainnetCase(file);
      if (made !== undefined) cases.push(made);
    }
    return cases;
  }
}

/** Samples of each case, of all passes. */
export type CaseSamples<Sample> = readonly (readonly Sample[])[];

/** Over all cases: of one case a block's, of mainnet that of all blocks together. */
export function sumOfMedians<Sample>(cases: CaseSamples<Sample>, pick: (sample: Sample) => number): number {
  return cases.reduce((sum, samples) => sum + median(samples.map(pick)), 0);
}

/** Transactions of a measured block, or of all of mainnet's. */
export function transactionsOf(cases: readonly BenchCase[]): number {
  return cases.reduce((sum, { blocks }) => sum + blocks.at(-1)!.included.length, 0);
}

export function gasOf(cases: readonly BenchCase[]): bigint {
  return cases.reduce((sum, { blocks }) => sum + blocks.at(-1)!.header.gasUsed, 0n);
}
