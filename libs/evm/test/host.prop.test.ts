// Goal: a host that does not have a key, or that throws, leaves no trace: the keys named are keys that the run needs, and
// run again with them it gives what it gives with everything there, in the same order of reads.
// Method: random programs on a host that has a random part of the keys and gets what is named; a host that throws at any
// of its questions; both engines; between the attempts the same engine runs something else.
import fc from 'fast-check';
import { toAddress, toHash32 } from '@sheaf/primitives';
import { warmPrecompiles } from '../src/precompiles/index.ts';
import { notHere, type EngineMode, type Evm } from '../src/ports.ts';
import { MissingState } from '../src/missing-state.ts';
import { plan, toScenario } from './programs/scenarios.ts';
import { engineFor, readable, runEngine, type Run } from './support/engine.ts';
import { propertyRuns, propertyTimeoutMs } from './support/runs.ts';
import type { Scenario } from './support/scenario.ts';
import { keyName, watchedHost } from './support/sparse-host.ts';
import { worldHost } from './support/world-host.ts';

const modes: EngineMode[] = ['interpreter', 'compiler'];

beforeAll(() => warmPrecompiles());

/** The run with everything there, and the keys that it asked for. */
function runWhole(evm: Evm, scenario: Scenario): { run: Run; asked: string[] } {
  const asked: string[] = [];
  const run = runEngine(
    evm,
    scenario,
    watchedHost(worldHost(scenario.world), (key) => void asked.push(key)),
  );
  if ('missing' in run) throw new Error('a key is missing where all are there');
  return { run, asked };
}

/** One attempt on a host that has the known keys only: the run, or the keys that it named. */
function attempt(evm: Evm, scenario: Scenario, has: (key: string) => boolean): Run | string[] {
  const refused: string[] = [];
  const host = watchedHost(worldHost(scenario.world), (key) => {
    if (has(key)) return;
    refused.push(key);
    return notHere;
  });
  const named = (keys: MissingState['keys']): string[] => {
    const names = keys.map(keyName);
    expect(names).toEqual(refused);
    return names;
  };
  try {
    const run = runEngine(evm, scenario, host);
    return 'missing' in run ? named(run.missing) : run;
  } catch (error) {
    if (!(error instanceof MissingState)) throw error;
    return named(error.keys);
  }
}

/** Whether the host has this key from the start: as drawn, the same for the same key. */
const drawnToBeHere = (key: string, bits: number): boolean => {
  const place = [...key].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) >>> 0, 7);
  return ((bits >>> (place % 32)) & 1) === 1;
};

test.each(modes)(
  'with keys that come when asked for, %s gives what it gives with all of them',
  (mode) =>
    fc.assert(
      fc.property(plan, plan, fc.nat(), (drawn, between, bits) => {
        const [scenario, other] = [toScenario(drawn), toScenario({ ...between, fork: drawn.fork })];
        const evm = engineFor(drawn.fork, mode);
        const whole = runWhole(evm, scenario);
        const otherWhole = runWhole(evm, other);
        const came = new Set<string>();
        for (;;) {
          const result = attempt(evm, scenario, (key) => came.has(key) || drawnToBeHere(key, bits));
          if (!Array.isArray(result)) {
            expect(readable(result.effects)).toEqual(readable(whole.run.effects));
            expect(result.outcome).toEqual(whole.run.outcome);
            return;
          }
          expect(result).not.toHaveLength(0);
          for (const key of result) {
            expect(came).not.toContain(key);
            came.add(key);
          }
          if (came.size === 1) expect(runWhole(evm, other).run.outcome).toEqual(otherWhole.run.outcome);
        }
      }),
      propertyRuns(30),
    ),
  propertyTimeoutMs,
);

test.each(modes)(
  'a host is asked for each key once, for all accounts that the effects have and all slots that were changed: %s',
  (mode) =>
    fc.assert(
      fc.property(plan, (drawn) => {
        const { run, asked } = runWhole(engineFor(drawn.fork, mode), toScenario(drawn));
        expect(new Set(asked).size).toBe(asked.length);
        const { accounts, slots } = run.effects;
        const read = accounts.map(({ address }) => `account ${toAddress(address)}`);
        expect(asked.filter((key) => key.startsWith('account ')).toSorted()).toEqual(read.toSorted());
        // An account without storage has zeros, which nobody needs to be asked for.
        const bare = accounts
          .filter(({ before }) => before?.hasStorage !== true)
          .map(({ address }): string => toAddress(address));
        const changed = slots
          .map(({ address, slot }) => ({ of: toAddress(address), key: `slot ${toAddress(address)} ${toHash32(slot)}` }))
          .filter(({ of }) => !bare.includes(of));
        expect(asked).toEqual(expect.arrayContaining(changed.map(({ key }) => key)));
      }),
      propertyRuns(30),
    ),
  propertyTimeoutMs,
);

test.each(modes)(
  'what a host throws comes out, and the next transaction is right: %s',
  (mode) =>
    fc.assert(
      fc.property(plan, fc.nat(1_000), (drawn, permille) => {
        const scenario = toScenario(drawn);
        const evm = engineFor(drawn.fork, mode);
        const whole = runWhole(evm, scenario);
        const failing = Math.floor((whole.asked.length * permille) / 1_001);
        const broken = new Error('the disk is gone');
        let questions = 0;
        const host = watchedHost(worldHost(scenario.world), () => {
          if (questions++ === failing) throw broken;
        });
        // Codes that the engine keeps are not asked for again, so there may be fewer questions now.
        try {
          runEngine(evm, scenario, host);
          expect(questions).toBeLessThanOrEqual(failing);
        } catch (error) {
          expect(error).toBe(broken);
        }
        const again = runWhole(evm, scenario).run;
        expect(again.outcome).toEqual(whole.run.outcome);
        expect(readable(again.effects)).toEqual(readable(whole.run.effects));
      }),
      propertyRuns(30),
    ),
  propertyTimeoutMs,
);
