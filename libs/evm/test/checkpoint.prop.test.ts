// Goal: going back to a checkpoint leaves what was before it: state, logs, refund, created and destroyed accounts. Only
// reads and nothing else are more.
// Method: random programs; one message, a checkpoint, changes by hand and another message, back, and the end; against the
// same without the part in between. Both engines.
import fc from 'fast-check';
import { toHash32 } from '@sheaf/primitives';
import { warmPrecompiles } from '../src/precompiles/index.ts';
import type { EngineMode, Evm, Message } from '../src/ports.ts';
import { contracts, someone } from './programs/addresses.ts';
import { plan, toScenario } from './programs/scenarios.ts';
import { engineFor, outcomeOf, prepare, type Ended } from './support/engine.ts';
import { propertyRuns, propertyTimeoutMs } from './support/runs.ts';
import type { Outcome, Scenario } from './support/scenario.ts';
import { worldHost } from './support/world-host.ts';

const modes: EngineMode[] = ['interpreter', 'compiler'];

beforeAll(() => warmPrecompiles());

function runEnded(evm: Evm, message: Message): Ended {
  const result = evm.run(message);
  if (result.status === 'missing') throw new Error('a key is missing where all are there');
  return result;
}

/** The scenario's message, then what is done in between, then the end. */
function outcomeWith(evm: Evm, scenario: Scenario, between: () => void): Outcome {
  prepare(evm, scenario, worldHost(scenario.world));
  const result = runEnded(evm, scenario.message);
  between();
  const refund = evm.refund();
  return outcomeOf(scenario.world, result, refund, evm.finish());
}

/** By each way that the port has. */
function changeByHand(evm: Evm): void {
  evm.addBalance(someone, 5n);
  evm.addBalance(someone, -6n);
  evm.setNonce(contracts[1]!, 77n);
  evm.setCode(contracts[2]!, Uint8Array.of(0xef, 0x01, 0x00, ...new Uint8Array(20)));
  evm.setSlot(contracts[0]!, toHash32(new Uint8Array(32).fill(1)), new Uint8Array(32).fill(2));
  evm.addRefund(1_234n);
}

test.each(modes)(
  'back at a checkpoint nothing is left of what came after it: %s',
  (mode) =>
    fc.assert(
      fc.property(plan, fc.nat(1_000_000), fc.boolean(), (drawn, gas, first) => {
        const scenario = toScenario(drawn);
        const evm = engineFor(drawn.fork, mode);
        const expected = outcomeWith(evm, scenario, () => undefined);
        const actual = outcomeWith(evm, scenario, () => {
          const before = evm.checkpoint();
          if (first) changeByHand(evm);
          const nested = evm.checkpoint();
          runEnded(evm, { ...scenario.message, to: contracts[0], value: 1n, gas: BigInt(gas) });
          if (!first) changeByHand(evm);
          evm.revert(nested);
          runEnded(evm, { ...scenario.message, to: contracts[0], value: 0n, gas: BigInt(gas) * 2n });
          evm.revert(before);
        });
        expect(actual).toEqual(expected);
      }),
      propertyRuns(30),
    ),
  propertyTimeoutMs,
);
