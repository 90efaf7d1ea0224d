import type { Evm } from '@sheaf/evm';
import { LocalLane, type Decision } from '@sheaf/partition';
import { bytesToHex, isChainError, type ChainError } from '@sheaf/primitives';
import type { CpuClock } from './cpu-clock.ts';
import type { MainnetBlock, ReceiptFields } from './mainnet-block.ts';
import { splitState } from './pre-state.ts';

/** What one member did for a block. */
export interface MemberWork {
  /** Of the runs that count. */
  gas: bigint;
  /** Transactions and system calls run, those that were in vain among them. */
  runs: number;
  /** Keys asked of other members. */
  remoteReads: number;
  cpuMs: number;
}

/** A block that a lane executed. */
export interface BlockRun {
  status: 'executed';
  got: ReceiptFields;
  transactions: number;
  /** Of before Cancun alone: what Cancun would not have. */
  dropped: number;
  rounds: number;
  /** Steps of the repair rounds: transactions, and at times the withdrawals or a system call. */
  runAgain: number;
  messages: number;
  messageBytes: number;
  members: MemberWork[];
}

/** Executes the block on as many members as there are engines, in one thread; nothing is left afterwards. */
export function runBlock(
  { rules, task, state, number }: MainnetBlock,
  evms: readonly Evm[],
  clock: CpuClock,
): BlockRun | { status: 'refused'; why: ChainError } {
  const members = evms.length;
  const states = splitState(state, members, number - 1n);
  const cpu = new CpuAccount(clock, members);
  const lane = new LocalLane({
    members,
    rules,
    evm: (member) => evms[member]!,
    state: (member) => states[member]!,
    watch: cpu,
  });
  let decisions: Decision[];
  try {
    decisions = lane.execute(task, { session: 1, attempt: 1, salt: 1 });
  } catch (error) {
    if (isChainError(error)) return { status: 'refused', why: error };
    throw error;
  }
  const { block, figures } = decisions[0]!.whole!;
  const { gasUsed, receiptsRoot, logsBloom } = block.header;
  return {
    status: 'executed',
    got: { gasUsed, receiptsRoot, logsBloom: bytesToHex(logsBloom) },
    transactions: block.transactions.length,
    dropped: block.dropped.length,
    rounds: figures.rounds,
    runAgain: figures.positions.slice(1).reduce((sum, count) => sum + count, 0),
    messages: lane.messages,
    messageBytes: lane.bytes,
    members: states.map((_, member) => ({
      gas: figures.gas[member]!,
      runs: figures.runs[member]!,
      remoteReads: figures.remoteReads[member]!,
      cpuMs: cpu.totalMs(member),
    })),
  };
}

/** What each member took of the clock. A reading's own cost is not the members'. */
class CpuAccount {
  readonly #clock: CpuClock;
  readonly #totalsMs: Float64Array;
  #sinceMs = 0;

  constructor(clock: CpuClock, members: number) {
    this.#clock = clock;
    this.#totalsMs = new Float64Array(members);
  }

  enter(): void {
    this.#sinceMs = this.#clock.nowMs();
  }

  leave(member: number): void {
    this.#totalsMs[member]! += this.#clock.nowMs() - this.#sinceMs - this.#clock.costMs;
  }

  totalMs(member: number): number {
    return Math.max(0, this.#totalsMs[member]!);
  }
}
