import { Logs } from '@sheaf/ethereum';
import { bytesToHex, type Hash32 } from '@sheaf/primitives';
import { isExpected } from './exceptions.ts';
import type { Executor, Outcome } from './executor.ts';
import { hashLogs } from './logs-hash.ts';
import type { StateTestCase, StateTestExpectation } from './state-test.ts';
import { differ, type Facts, type Observation } from './verdict.ts';
import { differWorlds, type World } from './world.ts';

/** Runs the case and compares what came of it with the fixture. */
export async function checkStateTest(executor: Executor, testCase: StateTestCase): Promise<Observation> {
  const { setting, transaction, sender, malformed, expected } = testCase;
  const run = await executor.start(setting);
  let outcome = await run.apply(transaction, sender);
  if (outcome.kind === 'stopped')
    return { executor: executor.name, differences: [outcome.message], facts: { outcome: 'stopped' } };
  let after = { root: await run.stateRoot(), world: run.world() };
  if (malformed !== undefined && outcome.kind === 'included') {
    outcome = { kind: 'refused', reason: malformed, names: undefined };
    after = { root: setting.world.root(), world: setting.world };
  }
  const differences = [...compareOutcome(outcome, expected), ...compareState(after, expected)];
  return { executor: executor.name, differences, facts: factsOf(outcome, after.root) };
}

type Ended = Exclude<Outcome, { kind: 'stopped' }>;

function compareOutcome(outcome: Ended, { exceptions, logsHash, receipt }: StateTestExpectation): string[] {
  const lines: string[] = [];
  const wanted = exceptions.length === 0 ? 'none' : exceptions.join(' or ');
  if (outcome.kind === 'refused') {
    if (exceptions.length === 0 || !isExpected(outcome.names, exceptions))
      lines.push(differ('expectException', wanted, outcome.reason));
  } else if (exceptions.length > 0) {
    lines.push(differ('expectException', wanted, 'an included transaction'));
  }
  const logs = outcome.kind === 'included' ? outcome.logs : [];
  if (logsHash !== undefined && hashLogs(logs) !== logsHash)
    lines.push(differ('logs hash', logsHash, `${hashLogs(logs)} (${logs.length} logs)`));
  if (outcome.kind === 'refused') return lines;
  const got = { ...outcome, logsBloom: bytesToHex(Logs.of(logs).bloom()) };
  for (const field of ['gasUsed', 'success', 'logsBloom'] as const) {
    const value = receipt[field];
    if (value !== undefined && value !== got[field]) lines.push(differ(`receipt.${field}`, value, got[field]));
  }
  return lines;
}

function compareState(after: { root: Hash32; world: World | undefined }, expected: StateTestExpectation): string[] {
  if (after.root === expected.stateRoot) return [];
  const accounts = expected.post && after.world ? differWorlds(expected.post, after.world) : [];
  return [differ('state root', expected.stateRoot, after.root), ...accounts.map((line) => `  ${line}`)];
}

function factsOf(outcome: Ended, stateRoot: Hash32): Facts {
  if (outcome.kind === 'refused') return { outcome: 'refused', 'state root': stateRoot };
  return {
    outcome: outcome.success ? 'success' : 'failure',
    'gas used': String(outcome.gasUsed),
    output: bytesToHex(outcome.output),
    'logs hash': hashLogs(outcome.logs),
    'state root': stateRoot,
  };
}
