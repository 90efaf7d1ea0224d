// Goal: compiled code does what instruction-by-instruction execution does: status, output, gas left, and what others see
// with the gas they see it at.
// Method: random programs of many jumps, stack and memory operations with little, some and much gas, run compiled and by a
// plain BigInt evaluator. When both halt, the reason may be another (see translate.ts).

import fc from 'fast-check';
import { OUT_OF_GAS } from '../layout.ts';
import { randomProgram, seeded } from './random-program.ts';
import { interpret, newFrame, runCompiled } from './test-machine.ts';
import type { Frame } from './test-machine.ts';

const INPUT = Uint8Array.from({ length: 77 }, (_, index) => index * 37 + 1);

function outcome({ status, gas, output, effects }: Frame): unknown {
  return status >= OUT_OF_GAS ? 'halt' : { status, gas, output, effects };
}

describe('random programs', () => {
  it('run alike compiled and interpreted', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 5, max: 150 }), fc.nat(5000), (seed, size, gas) => {
        const code = randomProgram(seeded(seed), size);
        for (const limit of [BigInt(gas >> 4), BigInt(gas), 100_000n]) {
          expect(outcome(runCompiled(code, INPUT, limit))).toEqual(outcome(interpret(code, INPUT, newFrame(limit))));
        }
      }),
      { numRuns: 80 },
    );
  });
});
