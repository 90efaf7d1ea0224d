import { parseArgs } from 'node:util';
import type { Fork } from '@sheaf/evm';
import { forkOf, forks } from './forks.ts';

export interface Options {
  paths: string[];
  engines: ('interpreter' | 'compiler')[];
  /** `undefined`: all three. */
  fork: Fork | undefined;
  /** Only cases whose file and name have this text. */
  filter: string;
  /** Worker threads. */
  jobs: number;
  /** Run everything with @ethereumjs/vm too. */
  oracle: boolean;
}

export const usage = `npm run conformance -- <file|directory|archive>… [options]

Runs Ethereum execution-spec fixtures (state tests, blockchain tests) and mainnet blocks with their pre-state.
A path is a JSON file, a tar archive (both also gzipped), or a directory of these.

  --engine interpreter|compiler|both   both also compares them with each other (default: both)
  --fork cancun|prague|osaka           only this fork (default: all three; others are skipped)
  --filter <text>                      only cases whose file and name have the text
  --jobs <count>                       worker threads, 1 to 64 (default: 2)
  --oracle                             also run state tests and mainnet blocks with @ethereumjs/vm and compare: slow`;

const jobsMax = 64;
const engineNames = {
  interpreter: ['interpreter'],
  compiler: ['compiler'],
  both: ['interpreter', 'compiler'],
} as const;

/** The options, `'help'`, or one sentence that says what is wrong. */
export function readArguments(args: readonly string[]): Options | 'help' | { fault: string } {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        engine: { type: 'string', default: 'both' },
        fork: { type: 'string' },
        filter: { type: 'string', default: '' },
        jobs: { type: 'string', default: '2' },
        oracle: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return { fault: (error as Error).message.split('\n')[0]! };
  }
  const { engine, fork: forkName, filter, jobs: jobsText, oracle, help } = parsed.values;
  if (help) return 'help';
  if (!Object.hasOwn(engineNames, engine))
    return { fault: `--engine ${engine} is not known: interpreter, compiler or both` };
  const fork = forkName === undefined ? undefined : forkOf(forkName);
  if (forkName !== undefined && fork === undefined)
    return { fault: `--fork ${forkName} is not known: ${forks.join(', ')}` };
  const jobs = Number(jobsText);
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > jobsMax)
    return { fault: `--jobs ${jobsText} must be a whole number of 1 to ${jobsMax}` };
  if (parsed.positionals.length === 0) return { fault: 'give at least one file, directory or archive of fixtures' };
  const engines = [...engineNames[engine as keyof typeof engineNames]];
  return { paths: parsed.positionals, engines, fork, filter, jobs, oracle };
}
