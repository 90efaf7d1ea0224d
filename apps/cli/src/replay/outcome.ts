import { messageOf } from '../errors.ts';
import type { MainnetBlock, ReceiptFields } from './mainnet-block.ts';
import type { BlockRun, runBlock } from './run-block.ts';

/** A block as it was replayed. */
export interface Outcome {
  file: string;
  number: bigint;
  fork: string;
  /** `undefined`: its header is of other rules, so that there is nothing to compare. */
  matches: boolean | undefined;
  /** Fields that the header has otherwise, or why the block could not be executed: a sentence each. */
  differences: string[];
  /** `undefined`: it could not be executed. */
  run: BlockRun | undefined;
}

export function outcomeOf(file: string, block: MainnetBlock, run: ReturnType<typeof runBlock>): Outcome {
  const { number, fork, expected } = block;
  if (run.status === 'refused') {
    const differences = [`it cannot be executed: ${messageOf(run.why)}`];
    return { file, number, fork, matches: false, differences, run: undefined };
  }
  const differences = expected === undefined ? [] : differ(expected, run.got);
  return { file, number, fork, matches: expected && differences.length === 0, differences, run };
}

function differ(expected: ReceiptFields, got: ReceiptFields): string[] {
  const names = ['gasUsed', 'receiptsRoot', 'logsBloom'] as const;
  return names.flatMap((name) =>
    got[name] === expected[name] ? [] : [`${name} is ${got[name]}, the header says ${expected[name]}`],
  );
}

/** All blocks together. */
export interface Summary {
  blocks: number;
  compared: number;
  matching: number;
  /** Executed at all, matching or not. */
  executed: number;
  /** How many blocks took so many rounds; the index is the number of rounds. */
  rounds: number[];
  /** Of those executed; 0 of none. */
  shareInTwoRounds: number;
  members: BlockRun['members'];
}

export function summarize(outcomes: readonly Outcome[], partitions: number): Summary {
  const runs = outcomes.flatMap(({ run }) => run ?? []);
  const rounds: number[] = [];
  for (const run of runs) rounds[run.rounds] = (rounds[run.rounds] ?? 0) + 1;
  const inTwo = runs.filter((run) => run.rounds <= 2).length;
  const members = Array.from({ length: partitions }, (_, member) =>
    runs.reduce(
      (sum, { members }) => {
        const { gas, runs, remoteReads, cpuMs } = members[member]!;
        return {
          gas: sum.gas + gas,
          runs: sum.runs + runs,
          remoteReads: sum.remoteReads + remoteReads,
          cpuMs: sum.cpuMs + cpuMs,
        };
      },
      { gas: 0n, runs: 0, remoteReads: 0, cpuMs: 0 },
    ),
  );
  return {
    blocks: outcomes.length,
    compared: outcomes.filter(({ matches }) => matches !== undefined).length,
    matching: outcomes.filter(({ matches }) => matches).length,
    executed: runs.length,
    rounds: Array.from(rounds, (count) => count ?? 0),
    shareInTwoRounds: runs.length === 0 ? 0 : inTwo / runs.length,
    members,
  };
}

/** Over all members. */
export function remoteReadsOf({ members }: Pick<BlockRun, 'members'>): number {
  return members.reduce((sum, { remoteReads }) => sum + remoteReads, 0);
}

/** Over all members. */
export function cpuMsOf({ members }: Pick<BlockRun, 'members'>): number {
  return members.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}
