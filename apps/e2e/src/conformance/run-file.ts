// One file of fixtures, whatever is in it, with every executor.
import { isChainError } from '@sheaf/primitives';
import type { Options } from './arguments.ts';
import { readBlockchainTest } from './blockchain-test.ts';
import { checkBlockchainTest } from './check-blockchain-test.ts';
import { checkMainnetBlock } from './check-mainnet-block.ts';
import { checkStateTest } from './check-state-test.ts';
import type { Executor } from './executor.ts';
import { FixtureError, isObject, type JsonObject } from './json.ts';
import { isMainnetBlock, readMainnetBlock } from './mainnet-block.ts';
import type { SheafExecutor } from './sheaf-executor.ts';
import { readStateTest } from './state-test.ts';
import { judge, type Observation } from './verdict.ts';

export interface Failure {
  /** Empty: the file as a whole. */
  case: string;
  lines: string[];
}

export interface FileReport {
  passed: number;
  failures: Failure[];
  /** What was passed over, by name, and how many cases of it. */
  skipped: Record<string, number>;
}

export interface Executors {
  sheaf: readonly SheafExecutor[];
  oracle: Executor | undefined;
}

/** A case that may be run. */
interface Case {
  name: string;
  check(): Promise<Observation[]>;
}

/** @param onCase told the name of each case before it runs */
export async function runFile(
  file: { name: string; bytes: Uint8Array },
  options: Pick<Options, 'fork' | 'filter'>,
  executors: Executors,
  onCase: (name: string) => void,
): Promise<FileReport> {
  const report: FileReport = { passed: 0, failures: [], skipped: {} };
  const skip: Skip = (what, count) => void (report.skipped[what] = (report.skipped[what] ?? 0) + count);
  const run = async ({ name, check }: Case) => {
    if (!`${file.name} ${name}`.includes(options.filter)) return;
    onCase(name);
    const lines = judge(await check());
    if (lines.length > 0) report.failures.push({ case: name, lines });
    else report.passed += 1;
  };
  const guard = async (name: string, part: () => Promise<void>) => {
    try {
      await part();
    } catch (error) {
      // A codec refuses what a fixture holds in its own words.
      if (!(error instanceof FixtureError) && !isChainError(error, 'INVALID_ARGUMENT')) throw error;
      report.failures.push({ case: name, lines: [error.message] });
    }
  };
  await guard('', async () => {
    const content = parse(file.bytes);
    if (isMainnetBlock(content)) return mainnetCases(content, options, executors, run, skip);
    for (const [name, fixture] of Object.entries(content)) {
      const skipWanted: Skip = (what, count) => {
        if (`${file.name} ${name}`.includes(options.filter)) skip(what, count);
      };
      await guard(name, () => fixtureCases(name, fixture, options, executors, run, skipWanted));
    }
  });
  return report;
}

function parse(bytes: Uint8Array): JsonObject {
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new FixtureError(`the file is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(content)) throw new FixtureError('the file is JSON, but not an object of fixtures');
  return content;
}

type Run = (testCase: Case) => Promise<void>;
type Skip = (what: string, count: number) => void;
type Selection = Pick<Options, 'fork'>;

async function fixtureCases(
  name: string,
  fixture: unknown,
  selection: Selection,
  executors: Executors,
  run: Run,
  skip: Skip,
): Promise<void> {
  const format = isObject(fixture) ? formatOf(fixture) : undefined;
  if (!isObject(fixture) || format === undefined) return skip('not a fixture', 1);
  if (format === 'state_test') return stateCases(name, fixture, selection, executors, run, skip);
  if (format === 'blockchain_test') return blockchainCase(name, fixture, selection, executors, run, skip);
  skip(`format ${format}`, 1);
}

/** By what the fixture is, since older ones do not say. */
function formatOf(fixture: JsonObject): string | undefined {
  if ('post' in fixture && 'transaction' in fixture) return 'state_test';
  if ('engineNewPayloads' in fixture) return 'blockchain_test_engine';
  if ('blocks' in fixture && ('genesisBlockHeader' in fixture || 'genesisRLP' in fixture)) return 'blockchain_test';
  const info = fixture['_info'];
  const named = isObject(info) ? info['fixture-format'] : undefined;
  return typeof named === 'string' ? named : undefined;
}

async function stateCases(
  name: string,
  fixture: JsonObject,
  selection: Selection,
  executors: Executors,
  run: Run,
  skip: Skip,
): Promise<void> {
  for (const item of readStateTest(fixture)) {
    if (item.kind === 'skipped') {
      skip(`fork ${item.fork}`, item.count);
      continue;
    }
    const { fork } = item.value.setting;
    if (selection.fork !== undefined && selection.fork !== fork) continue;
    const all = [...executors.sheaf, ...(executors.oracle ? [executors.oracle] : [])];
    await run({
      name: `${name} ${fork} ${item.value.indexes}`,
      check: () => observeAll(all, (executor) => checkStateTest(executor, item.value)),
    });
  }
}

async function blockchainCase(
  name: string,
  fixture: JsonObject,
  selection: Selection,
  executors: Executors,
  run: Run,
  skip: Skip,
): Promise<void> {
  const test = readBlockchainTest(fixture);
  if ('skipped' in test) return skip(`fork ${test.skipped}`, 1);
  if (selection.fork !== undefined && selection.fork !== test.fork) return;
  await run({
    name: `${name} ${test.fork}`,
    check: () => observeAll(executors.sheaf, (executor) => checkBlockchainTest(executor, test)),
  });
}

async function mainnetCases(
  fixture: JsonObject,
  selection: Selection,
  executors: Executors,
  run: Run,
  skip: Skip,
): Promise<void> {
  const block = readMainnetBlock(fixture);
  if (selection.fork !== undefined && selection.fork !== block.fork) return;
  const all = [...executors.sheaf, ...(executors.oracle ? [executors.oracle] : [])];
  if (!block.expected && all.length < 2)
    return skip('mainnet block of another fork (there is nothing to compare one engine with: add --oracle)', 1);
  await run({
    name: `${block.name} ${block.fork}`,
    check: () => observeAll(all, (executor) => checkMainnetBlock(executor, block)),
  });
}

async function observeAll<Any extends Executor>(
  executors: readonly Any[],
  check: (executor: Any) => Observation | Promise<Observation>,
): Promise<Observation[]> {
  const observations: Observation[] = [];
  for (const executor of executors) {
    try {
      observations.push(await check(executor));
    } catch (error) {
      if (error instanceof FixtureError) throw error;
      // Nothing that a fixture holds may make an engine throw: a difference, and the next case gets a new engine.
      executor.reset();
      const what = error instanceof Error ? `threw ${error.stack ?? error.message}` : `threw ${String(error)}`;
      observations.push({ executor: executor.name, differences: what.split('\n').slice(0, 6), facts: {} });
    }
  }
  return observations;
}
