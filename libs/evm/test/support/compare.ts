import { createEvm } from '../../src/evm.ts';
import { warmPrecompiles } from '../../src/precompiles/index.ts';
import type { EngineMode } from '../../src/ports.ts';
import { engineFor, readable, runEngine, type Run } from './engine.ts';
import { runOracle } from './oracle.ts';
import { describeScenario, differences } from './report.ts';
import type { Outcome, Scenario } from './scenario.ts';
import { worldHost } from './world-host.ts';

/** Runs it with everything there. @throws Error when a key is missing: none can be */
export function runHere(scenario: Scenario, mode: EngineMode, evm = engineFor(scenario.fork, mode)): Run {
  const run = runEngine(evm, scenario, worldHost(scenario.world));
  if ('missing' in run) throw new Error(`the host has all, but the engine misses ${JSON.stringify(run.missing)}`);
  return run;
}

/** What compiled code checks once for a whole segment: of two reasons to halt in it, this one may be told. */
const ofSegments = new Set<string | undefined>(['OUT_OF_GAS', 'STACK_UNDERFLOW', 'STACK_OVERFLOW']);

function withReasonOf(interpreted: Outcome, compiled: Outcome): Outcome {
  return ofSegments.has(compiled.reason) && interpreted.status === 'halt'
    ? { ...compiled, reason: interpreted.reason }
    : compiled;
}

/**
 * Interpreter, compiler and oracle give the same; the first two also in the reason of a halt (as far as there is but one)
 * and in what they read, and in which order. The outcome. @throws Error with the fields that differ and the programs
 */
export async function compareEngines(scenario: Scenario): Promise<Outcome> {
  await warmPrecompiles();
  const interpreted = runHere(scenario, 'interpreter');
  const compiled = runHere(scenario, 'compiler');
  demand(scenario, 'interpreter | compiler', interpreted.outcome, withReasonOf(interpreted.outcome, compiled.outcome));
  demand(scenario, 'effects, interpreter | compiler', readable(interpreted.effects), readable(compiled.effects));
  const expected = await runOracle(scenario);
  demand(scenario, 'engine | oracle', { ...interpreted.outcome, reason: expected.reason }, expected);
  return interpreted.outcome;
}

function demand(scenario: Scenario, what: string, left: object, right: object): void {
  const found = differences(left, right);
  if (found.length === 0) return;
  const fresh = (['interpreter', 'compiler'] as const).map((mode) => {
    const evm = createEvm({ fork: scenario.fork, chainId: 1n, mode });
    const { status, gasLeft, reason } = runHere(scenario, mode, evm).outcome;
    return `a fresh ${mode}: ${status} ${reason ?? ''} ${gasLeft}`;
  });
  throw new Error([what, ...found, ...fresh, describeScenario(scenario)].join('\n'));
}
