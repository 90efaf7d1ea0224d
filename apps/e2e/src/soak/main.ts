// npm run soak -- <suite> [--minutes M] [--kills N] [--seed S]
//
// The result goes to stdout, progress to stderr. With `child <suite> …` it is a process that a suite has started.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { partitionSoak } from './partition/suite.ts';
import { stateSoak } from './state/suite.ts';
import { SoakFault, type SoakSuite } from './suite.ts';

const suites: readonly SoakSuite[] = [stateSoak, partitionSoak];
const minutesMax = 7 * 24 * 60;
const killsMax = 1_000_000;
const progressMs = 2_000;

/** What the arguments should have been. */
class UsageFault extends Error {}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    const known = error instanceof UsageFault || error instanceof SoakFault;
    console.error(known ? `soak: ${error.message}` : error);
    process.exit(1);
  },
);

async function main(args: string[]): Promise<number> {
  if (args[0] === 'child') {
    await suites.find(({ name }) => name === args[1])!.runChild(args.slice(2));
    return 0;
  }
  const wanted = parse(args);
  if (wanted.suite === undefined) {
    console.log(usage());
    return 0;
  }
  const suite = suites.find(({ name }) => name === wanted.suite);
  if (suite === undefined) throw new UsageFault(`there is no suite ${wanted.suite}\n\n${usage()}`);
  console.error(`seed ${wanted.seed}`);
  const progress = showProgress();
  const { kills, text } = await suite.run({ ...wanted, program: process.argv[1]!, progress: progress.show });
  progress.end();
  console.log(text);
  console.log(`${kills} kills, 0 failed`);
  return 0;
}

function parse(args: string[]) {
  const { values, positionals } = parseOptions(args);
  if (positionals.length > 1) throw new UsageFault('one suite at a time');
  const number = (name: 'minutes' | 'kills' | 'seed', min: number, max: number): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
      throw new UsageFault(`--${name} is a whole number of ${min} to ${max}`);
    }
    return value;
  };
  const minutes = number('minutes', 1, minutesMax);
  const kills = number('kills', 1, killsMax);
  return {
    suite: positionals[0],
    minutes: minutes ?? (kills === undefined ? 5 : minutesMax),
    kills: kills ?? killsMax,
    seed: number('seed', 0, 2 ** 32 - 1) ?? randomInt(2 ** 32),
  };
}

function parseOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { minutes: { type: 'string' }, kills: { type: 'string' }, seed: { type: 'string' } },
    });
  } catch (error) {
    throw new UsageFault(`${(error as Error).message}\n\n${usage()}`);
  }
}

function usage(): string {
  return [
    'usage: npm run soak -- <suite> [--minutes M] [--kills N] [--seed S]',
    '',
    '  --minutes  how long, 5 by default; with --kills, at most',
    '  --kills    ends after so many',
    '  --seed     what is done is the same again; when processes are killed is not',
    '',
    'suites:',
    ...suites.map(({ name, summary }) => `  ${name}  ${summary}`),
  ].join('\n');
}

/** A line that is rewritten in a terminal, and now and then a line elsewhere. */
function showProgress() {
  const interactive = process.stderr.isTTY === true;
  let shownMs = -Infinity;
  return {
    show(line: string): void {
      const nowMs = performance.now();
      if (interactive) process.stderr.write(`\r\x1b[K${line}`);
      else if (nowMs - shownMs >= progressMs) console.error(line);
      else return;
      shownMs = nowMs;
    },
    end(): void {
      if (interactive) process.stderr.write('\r\x1b[K');
    },
  };
}
