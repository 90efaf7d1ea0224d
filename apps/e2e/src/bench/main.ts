// npm run bench -- <suite> [--runs N] [--rows a,b] [--workloads a,b] [--clock wall|cpu] [--scale full|small]
// [--plot file] [--json file]
//
// The table goes to stdout, progress to stderr.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, workerData } from 'node:worker_threads';
import { cpuClockWorks, type ClockKind } from './clock.ts';
import { describeEnvironment, readEnvironment } from './environment.ts';
import { evmMemorySuite } from './evm/memory-suite.ts';
import { evmSuite } from './evm/suite.ts';
import { memberProcessName, runMemberProcess } from './execution/member-process.ts';
import { isMemberThread, serveMember } from './execution/member-thread.ts';
import { executionSuite } from './execution/suite.ts';
import { openChildName, runOpenChild } from './state/open-child.ts';
import { scales, type ScaleName } from './state/scale.ts';
import { stateSuite } from './state/suite.ts';
import { BenchFault, type Suite } from './suite.ts';

const suites: readonly Suite[] = [evmSuite, evmMemorySuite, stateSuite, executionSuite];
const runsMax = 1_000;

if (!isMainThread && isMemberThread(workerData)) serveMember();
else runCommand(process.argv.slice(2));

function runCommand(args: string[]): void {
  runWhat(args).then(
    (code) => process.exit(code),
    (error: unknown) => {
      console.error(error instanceof BenchFault ? `bench: ${error.message}` : error);
      process.exit(1);
    },
  );
}

function runWhat(args: string[]): Promise<number> {
  const [first, second] = args;
  if (first === openChildName) return runOpenChild(second!).then(() => 0);
  if (first === memberProcessName) return runMemberProcess().then(() => 0);
  return main(args);
}

async function main(args: string[]): Promise<number> {
  const wanted = parse(args);
  if (wanted.suite === undefined) {
    console.log(usage());
    return 0;
  }
  const suite = suites.find(({ name }) => name === wanted.suite);
  if (!suite) throw new BenchFault(`there is no suite ${wanted.suite}\n\n${usage()}`);
  const unknown = wanted.rows?.find((row) => !suite.rows.includes(row));
  if (unknown !== undefined)
    throw new BenchFault(`${suite.name} has no row ${unknown}; it has ${suite.rows.join(', ')}`);
  for (const option of ['scale', 'plot', 'workloads'] as const) {
    if (wanted[option] === undefined || suite.options?.includes(option)) continue;
    throw new BenchFault(`${suite.name} has no --${option}`);
  }

  const strange = wanted.workloads?.find((name) => suite.workloads?.includes(name) === false);
  if (strange !== undefined)
    throw new BenchFault(`${suite.name} has no workload ${strange}; it has ${suite.workloads!.join(', ')}`);

  const environment = readEnvironment();
  const startedMs = performance.now();
  const { text, data } = await suite.run({
    runs: wanted.runs,
    clock: wanted.clock,
    scale: wanted.scale ?? 'full',
    workloads: wanted.workloads,
    plot: wanted.plot,
    program: process.argv[1]!,
    rows: suite.rows.filter((row) => wanted.rows?.includes(row) ?? true),
    progress: (sentence) =>
      console.error(`${((performance.now() - startedMs) / 1000).toFixed(1).padStart(6)}s  ${sentence}`),
  });
  console.log(
    `\n${describeEnvironment(environment)}; ${wanted.clock} clock, median of ${wanted.runs} ± median deviation\n\n${text}`,
  );
  if (wanted.json !== undefined) {
    writeFileSync(
      wanted.json,
      `${JSON.stringify({ suite: suite.name, runs: wanted.runs, clock: wanted.clock, environment, text, ...data }, null, 2)}\n`,
    );
  }
  return 0;
}

function usage(): string {
  const list = suites.map(({ name, summary, rows, workloads }) =>
    [
      `  ${name}  ${summary}`,
      `       rows: ${rows.join(', ')}`,
      ...(workloads === undefined ? [] : [`       workloads: ${workloads.join(', ')}`]),
    ].join('\n'),
  );
  return [
    'usage: npm run bench -- <suite> [--runs N] [--rows a,b] [--workloads a,b] [--clock wall|cpu] [--scale full|small] [--plot file] [--json file]',
    '',
    '  --runs  samples of each figure, 9 by default',
    '  --rows  only these',
    '  --workloads only these (execution)',
    '  --clock cpu counts what the threads got and not the time of day: for a busy machine (Linux)',
    '  --scale small takes sizes for a quick look (state, execution)',
    '  --plot  commit time by size (state), speed-up by members (execution) as an SVG file',
    '  --json  every sample with versions and machine, to a file',
    '',
    'suites:',
    ...list,
  ].join('\n');
}

function parse(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        runs: { type: 'string' },
        rows: { type: 'string' },
        workloads: { type: 'string' },
        clock: { type: 'string' },
        scale: { type: 'string' },
        plot: { type: 'string' },
        json: { type: 'string' },
      },
    });
    if (positionals.length > 1) throw new BenchFault('one suite at a time');
    const runs = Number(values.runs ?? '9');
    if (!Number.isInteger(runs) || runs < 1 || runs > runsMax) throw new BenchFault(`--runs is 1 to ${runsMax}`);
    return {
      suite: positionals[0],
      runs,
      clock: parseClock(values.clock ?? 'wall'),
      rows: values.rows?.split(','),
      workloads: values.workloads?.split(','),
      scale: parseScale(values.scale),
      plot: values.plot,
      json: values.json,
    };
  } catch (error) {
    if (error instanceof BenchFault) throw error;
    throw new BenchFault(`${(error as Error).message}\n\n${usage()}`);
  }
}

function parseClock(text: string): ClockKind {
  if (text !== 'wall' && text !== 'cpu') throw new BenchFault('--clock is wall or cpu');
  if (text === 'cpu' && !cpuClockWorks())
    throw new BenchFault('this system does not say what a thread got: --clock wall');
  return text;
}

function parseScale(text: string | undefined): ScaleName | undefined {
  if (text !== undefined && !Object.hasOwn(scales, text)) throw new BenchFault('--scale is full or small');
  return text as ScaleName | undefined;
}
