// Goal: interpreter, compiler and @ethereumjs/evm make the same of every program: status, output, gas, refund, logs, all
// accounts and slots afterwards; the first two also the same reads in the same order and the same reason of a halt.
// Method: random programs in several contracts that call and create each other, weighted to jumps, calls, memory and gas
// edges; each is run with much gas, with exactly what it used, one less, and a fraction. A failure is shrunk and printed as
// instructions. SHEAF_PROPERTY_RUNS=100000 makes a long search of it.
import fc from 'fast-check';
import { plan, toScenario } from './programs/scenarios.ts';
import { compareEngines } from './support/compare.ts';
import { propertyRuns, propertyTimeoutMs } from './support/runs.ts';
import type { Scenario } from './support/scenario.ts';

const withGas = (scenario: Scenario, gas: bigint): Scenario => ({ ...scenario, message: { ...scenario.message, gas } });

test(
  'random programs run alike on both engines and the oracle',
  () =>
    fc.assert(
      fc.asyncProperty(plan, fc.nat(1_000), async (drawn, permille) => {
        const scenario = toScenario(drawn);
        const { gasLeft } = await compareEngines(scenario);
        const used = scenario.message.gas - gasLeft;
        await compareEngines(withGas(scenario, (used * BigInt(permille)) / 1_001n));
        if (gasLeft === 0n) return;
        await compareEngines(withGas(scenario, used));
        if (used > 0n) await compareEngines(withGas(scenario, used - 1n));
      }),
      propertyRuns(50),
    ),
  propertyTimeoutMs,
);
