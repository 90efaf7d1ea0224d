// Lanes of 1 to 16 members, each lane in one thread, each member's work counted by itself: what a machine with as many cores could do.
import { drawLinePlot } from '../svg.ts';
import { formatNumber, formatTable } from '../table.ts';
import type { BenchCase } from './bench-case.ts';
import { MemberThread } from './member-threads.ts';
import { withBar, type PartContext, type PartReport } from './part.ts';
import { describeRounds } from './two-members.ts';
import type { LaneAccount } from './virtual-lane.ts';
import { sumOfMedians, type WorkloadName } from './workloads.ts';

const totalCpuMax = 1.3;
/** Of mainnet's blocks in at most two rounds. */
const fewRoundsShareMin = 0.9;

/** One block on the sequential engine and on lanes. */
interface Sample {
  aloneMs: number;
  /** By the number of members. */
  lanes: Map<number, LaneAccount>;
}

/** What a workload came to with so many members. */
export interface AccountedRow {
  workload: WorkloadName;
  members: number;
  /** One member that executes one transaction after the other: CPU, ms. */
  aloneMs: number;
  /** Of all members, ms, and of the busiest. */
  totalMs: number;
  busiestMs: number;
  criticalMs: number;
  headMs: number;
  rounds: number[];
  /** Of blocks in at most two rounds. */
  fewRounds: number;
  /** Runs of steps beyond one each, in percent. */
  againPercent: number;
  remoteReads: number;
  messages: number;
  bytes: number;
}

export async function measureAccounted(context: PartContext): Promise<PartReport & { rows: AccountedRow[] }> {
  const { names, sizes, bars, progress } = context;
  const rows: AccountedRow[] = [];
  for (const workload of names) {
    const samples = await measureWorkload(context, workload);
    for (const members of sizes.members) rows.push(summarizeLane(workload, members, samples));
    progress(`accounted: ${workload}: ${rows.slice(-sizes.members.length).map(speedUpOf).map(formatNumber).join(' ')}`);
  }
  const text = [
    formatTable(
      [
        'accounted',
        'N',
        'alone, ms',
        'all, ms',
        'all/alone',
        'busiest, %',
        'critical, ms',
        'allows',
        'head, ms',
        'rounds',
        'up to 2, %',
        'again, %',
        'remote reads',
        'messages',
        'KiB',
      ],
      rows.map((row) => describeRow(row, bars)),
    ),
    'CPU of the threads, a core for each member and messages that take nothing: computed, not what two cores show.',
    `alone: one transaction after the other; all: every member's CPU together, bar ${totalCpuMax} times; critical: to the last commit, head: to the coordinator's; allows: alone / critical; bar for mainnet: ${100 * fewRoundsShareMin}% of the blocks in at most two rounds.`,
  ].join('\n');
  return { text, data: { totalCpuMax, fewRoundsShareMin, rows }, rows };
}

async function measureWorkload(context: PartContext, workload: WorkloadName): Promise<Sample[][]> {
  const { workloads, sizes, program, progress } = context;
  const cases = await workloads.cases(workload);
  const { warmUp, measured } = workloads.passes(workload);
  const samples = cases.map((): Sample[] => []);
  // Each in a thread of its own, as they are processes of their own: in one they would share a heap, and what V8 learns of all together.
  const alone = MemberThread.alone(program);
  const lanes = new Map(sizes.members.map((members) => [members, MemberThread.lane(program, members)]));
  try {
    for (let pass = -warmUp; pass < measured; pass++) {
      for (const [index, each] of cases.entries()) {
        if (cases.length === 1 || index % 8 === 0) {
          progress(`accounted: ${workload}, pass ${pass + warmUp + 1} of ${warmUp + measured}, ${each.name}`);
        }
        const taken = await runCase(context, each, alone, lanes);
        if (pass >= 0) samples[index]!.push(...taken);
      }
    }
  } finally {
    for (const thread of [alone, ...lanes.values()]) await thread.end();
  }
  return samples;
}

/** One thread works at a time. */
async function runCase(
  { folder }: PartContext,
  each: BenchCase,
  alone: MemberThread,
  lanes: ReadonlyMap<number, MemberThread>,
): Promise<Sample[]> {
  const threads = [alone, ...lanes.values()];
  for (const thread of threads) await thread.open(each, folder.next());
  const samples: Sample[] = [];
  for (const block of each.blocks.keys()) {
    const { beganMs, endedMs, cpuMs } = (await alone.obey({ kind: 'execute', block }))!;
    const sample: Sample = { aloneMs: cpuMs ?? endedMs - beganMs, lanes: new Map() };
    for (const [members, lane] of lanes) {
      sample.lanes.set(members, (await lane.obey({ kind: 'execute', block }))!.account!);
    }
    if (block >= each.warmUp) samples.push(sample);
  }
  for (const thread of threads) await thread.obey({ kind: 'close' });
  folder.clear();
  return samples;
}

function summarizeLane(workload: WorkloadName, members: number, samples: readonly (readonly Sample[])[]): AccountedRow {
  const of = (pick: (account: LaneAccount) => number): number =>
    sumOfMedians(samples, (sample) => pick(sample.lanes.get(members)!));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  // What the last sample of a block came to is what each of them did.
  const figures = samples.map((each) => each.at(-1)!.lanes.get(members)!.figures);
  const rounds = samples.flatMap((each) => each.map((sample) => sample.lanes.get(members)!.figures.rounds));
  const steps = sum(figures.map(({ positions }) => positions[0]!));
  const runs = sum(figures.flatMap((each) => each.runs));
  return {
    workload,
    members,
    aloneMs: sumOfMedians(samples, ({ aloneMs }) => aloneMs),
    totalMs: of(({ cpuMs }) => sum(cpuMs)),
    busiestMs: of(({ cpuMs }) => Math.max(...cpuMs)),
    criticalMs: of(({ criticalMs }) => criticalMs),
    headMs: of(({ headMs }) => headMs),
    rounds,
    fewRounds: rounds.filter((count) => count <= 2).length / rounds.length,
    againPercent: (100 * (runs - steps)) / steps,
    remoteReads: of((account) => sum(account.figures.remoteReads)),
    messages: of(({ messages }) => messages),
    bytes: of(({ bytes }) => bytes),
  };
}

function describeRow(row: AccountedRow, bars: boolean): string[] {
  const { workload, members, aloneMs, totalMs, busiestMs, criticalMs, headMs, rounds, fewRounds } = row;
  const total = totalMs / aloneMs;
  const share = formatNumber(100 * fewRounds);
  return [
    workload,
    String(members),
    formatNumber(aloneMs),
    formatNumber(totalMs),
    withBar(total.toFixed(2), total <= totalCpuMax, bars),
    ((100 * busiestMs) / totalMs).toFixed(0),
    formatNumber(criticalMs),
    speedUpOf(row).toFixed(2),
    formatNumber(headMs),
    describeRounds(rounds),
    workload === 'mainnet' ? withBar(share, fewRounds >= fewRoundsShareMin, bars) : share,
    row.againPercent.toFixed(1),
    formatNumber(row.remoteReads),
    formatNumber(row.messages),
    formatNumber(row.bytes / 1024),
  ];
}

function speedUpOf({ aloneMs, criticalMs }: AccountedRow): number {
  return aloneMs / criticalMs;
}

/** An SVG file: the speed-up that the critical path allows, by members. */
export function plotAccounted(rows: readonly AccountedRow[]): string {
  const workloads = [...new Set(rows.map(({ workload }) => workload))];
  const members = [...new Set(rows.map((row) => row.members))];
  return drawLinePlot({
    title: 'The speed-up that the critical path in CPU time allows',
    x: 'members, a core each (computed)',
    xTicks: members,
    y: 'times one member',
    series: workloads.map((workload) => ({
      name: workload,
      points: rows.flatMap((row) => (row.workload === workload ? [{ x: row.members, y: speedUpOf(row) }] : [])),
    })),
  });
}
