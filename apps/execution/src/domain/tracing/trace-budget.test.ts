// Goal: what a trace may take is bounded, to the instruction, the character and the millisecond.
// Method: small limits and a clock that is set by hand.
import { isChainError } from '@sheaf/primitives';
import { traceLimits } from '../../trace-limits.ts';
import { TraceBudget } from './trace-budget.ts';

const limits = { ...traceLimits, stepsMax: 1_000, answerBytesMax: 100, runMsMax: 500 };

function codeOf(work: () => void): string {
  try {
    work();
  } catch (error) {
    if (isChainError(error)) return error.detail.code;
    throw error;
  }
  return 'none';
}

test('instructions and characters', () => {
  const budget = new TraceBudget(limits, 0);
  for (let step = 0; step < 1_000; step++) budget.step();
  expect(codeOf(() => budget.step())).toBe('LIMIT');
  budget.write(60);
  budget.write(40);
  expect(codeOf(() => budget.write(1))).toBe('LIMIT');
});

test.each([
  [0, 500],
  [200, 200],
  [9_999, 500],
])('a timeout of %i ms gives %i', (timeoutMs, wanted) => {
  let now = 1_000;
  const budget = new TraceBudget(limits, timeoutMs, () => now);
  now += wanted;
  budget.checkTime();
  now += 1;
  expect(codeOf(() => budget.checkTime())).toBe('DEADLINE');
  expect(
    codeOf(() => {
      for (let step = 0; step < 256; step++) budget.step();
    }),
  ).toBe('DEADLINE');
});
