// A lane of two on two cores, beside one member on one of them: blocks in turns.
import { formatNumber, formatTable } from '../table.ts';
import { MemberThreads, type PairSample } from './member-threads.ts';
import { withBar, type PartContext, type PartReport } from './part.ts';
import { sumOfMedians, type CaseSamples, type WorkloadName } from './workloads.ts';

const independentMin = 1.6;
const conflictingMin = 0.9;

interface Row {
  workload: WorkloadName;
  samples: PairSample[][];
}

export async function measureTwoMembers(context: PartContext): Promise<PartReport> {
  const { names, workloads, program, folder, bars, progress } = context;
  const rows: Row[] = [];
  for (const workload of names) {
    const cases = await workloads.cases(workload);
    const { warmUp, measured } = workloads.passes(workload);
    const samples = cases.map((): PairSample[] => []);
    // New threads, so that what one workload has warmed up is not another one's gain.
    const threads = new MemberThreads(program, folder);
    try {
      for (let pass = -warmUp; pass < measured; pass++) {
        progress(`n2: ${workload}, pass ${pass + warmUp + 1} of ${warmUp + measured}`);
        for (const [index, each] of cases.entries()) {
          const taken = await threads.run(each);
          folder.clear();
          if (pass >= 0) samples[index]!.push(...taken);
        }
      }
    } finally {
      await threads.close();
    }
    rows.push({ workload, samples });
    const [one, two] = [sumOfMedians(samples, oneMs), sumOfMedians(samples, twoMs)];
    progress(
      `n2: ${workload}: ${formatNumber(one)} ms by one, ${formatNumber(two)} ms by two, ${formatNumber(one / two)} times; two apart ${formatNumber((2 * one) / sumOfMedians(samples, apartMs))}`,
    );
  }
  const text = [
    formatTable(
      [
        'two members',
        'N=1, ms',
        'N=2, ms',
        'speed-up',
        'at most',
        'CPU 1, ms',
        'CPU 2, ms',
        'between 1, ms',
        'between 2, ms',
        'rounds',
        'messages',
        'KiB',
      ],
      rows.map(({ workload, samples }) => describe(workload, samples, bars)),
    ),
    `wall clock, from the beginning to the last durable commit; CPU of the members' own threads, so neither V8's nor the disk's; between: what follows before the next block, of which nothing counts above: carrying over, compiling, collecting; at most: two that execute alone, both at once, which is what these cores would give a lane that costs nothing; bars: ${independentMin} on transfers, erc20 and pools-50, ${conflictingMin} on pool-hot`,
  ].join('\n');
  return { text, data: { independentMin, conflictingMin, rows } };
}

function describe(workload: WorkloadName, samples: CaseSamples<PairSample>, bars: boolean): string[] {
  const [one, two] = [sumOfMedians(samples, oneMs), sumOfMedians(samples, twoMs)];
  const speedUp = one / two;
  const barOf = workload === 'pool-hot' ? conflictingMin : independentMin;
  const rounds = samples.flat().map((sample) => sample.two.rounds);
  const ofMembers = (pick: (sample: PairSample, member: number) => number | undefined): string =>
    [0, 1]
      .map((member) => formatNumber(sumOfMedians(samples, (sample) => pick(sample, member) ?? Number.NaN)))
      .join(' + ');
  return [
    workload,
    formatNumber(one),
    formatNumber(two),
    workload === 'mainnet' ? formatNumber(speedUp) : withBar(formatNumber(speedUp), speedUp >= barOf, bars),
    formatNumber((2 * one) / sumOfMedians(samples, apartMs)),
    formatNumber(sumOfMedians(samples, (sample) => sample.one.cpuMs ?? Number.NaN)),
    ofMembers(({ two }, member) => two.cpuMs[member]),
    formatNumber(sumOfMedians(samples, (sample) => sample.one.betweenMs)),
    ofMembers(({ two }, member) => two.betweenMs[member]),
    describeRounds(rounds),
    formatNumber(sumOfMedians(samples, (sample) => sample.two.messages)),
    formatNumber(sumOfMedians(samples, (sample) => sample.two.bytes) / 1024),
  ];
}

/** `1` or `1–3`. */
export function describeRounds(rounds: readonly number[]): string {
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)];
  return least === most ? String(least) : `${least}–${most}`;
}

function oneMs(sample: PairSample): number {
  return sample.one.wallMs;
}

function apartMs(sample: PairSample): number {
  return sample.apart.wallMs;
}

function twoMs(sample: PairSample): number {
  return sample.two.wallMs;
}
