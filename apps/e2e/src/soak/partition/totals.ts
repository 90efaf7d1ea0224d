import type { SeedReport } from './run-seed.ts';

/** Sums over the seeds that were run. */
export interface Totals {
  seeds: number;
  blocks: number;
  transactions: number;
  messages: number;
  attempts: number;
  crashes: number;
  crashesOfCoordinator: number;
  crashesAtCommits: number;
  caughtUp: number;
  stale: number;
  damaged: number;
  refused: number;
  stalled: number;
  oracleBlocks: number;
  /** Of attempts that got to a block, by the rounds they took. */
  rounds: number[];
}

export function emptyTotals(): Totals {
  return {
    seeds: 0,
    blocks: 0,
    transactions: 0,
    messages: 0,
    attempts: 0,
    crashes: 0,
    crashesOfCoordinator: 0,
    crashesAtCommits: 0,
    caughtUp: 0,
    stale: 0,
    damaged: 0,
    refused: 0,
    stalled: 0,
    oracleBlocks: 0,
    rounds: [],
  };
}

export function addReport(totals: Totals, { counts, transactions, messages, damaged, oracleBlocks }: SeedReport): void {
  totals.seeds += 1;
  totals.transactions += transactions;
  totals.messages += messages;
  totals.damaged += damaged;
  totals.oracleBlocks += oracleBlocks;
  for (const name of ['blocks', 'attempts', 'crashes', 'caughtUp', 'stale', 'refused', 'stalled'] as const) {
    totals[name] += counts[name];
  }
  totals.crashesOfCoordinator += counts.crashesOfCoordinator;
  totals.crashesAtCommits += counts.crashesAtCommits;
  counts.rounds.forEach((count, rounds) => (totals.rounds[rounds] = (totals.rounds[rounds] ?? 0) + count));
}

export function describe(totals: Totals): string {
  const { seeds, blocks, transactions, messages, attempts, crashes, caughtUp, stale, damaged, refused, stalled } =
    totals;
  const rounds = Array.from({ length: totals.rounds.length }, (_, count) => totals.rounds[count] ?? 0).slice(1);
  return [
    `${seeds} lanes, ${blocks} blocks, ${transactions} transactions, ${attempts} attempts, ${messages} messages`,
    `${crashes} members lost (${totals.crashesOfCoordinator} coordinators, ${totals.crashesAtCommits} at commits), ${caughtUp} caught up`,
    `${stale} stale messages, ${damaged} damaged: ${refused} refused, ${stalled} attempts given up`,
    `rounds ${rounds.join('/')}; ${totals.oracleBlocks} blocks the same in @ethereumjs/vm`,
  ].join('; ');
}
