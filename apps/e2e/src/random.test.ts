// Goal: a seed gives the same numbers again, another one others, and they fill their range evenly.
// Method: two generators side by side; counts of 60,000 draws.
import { seededRandom } from './random.ts';

test('the seeds decide, each of them', () => {
  const draw = (...seeds: number[]) =>
    seededRandom(...seeds)
      .bytes(32)
      .join();
  expect(draw(1, 2)).toBe(draw(1, 2));
  expect(new Set([draw(), draw(1), draw(2), draw(1, 2), draw(2, 1), draw(1, 2, 0)]).size).toBe(6);
});

test('every number below the end comes as often as the others', () => {
  const random = seededRandom(7);
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 60_000; i++) counts[random.below(6)]! += 1;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  expect(random.oneIn(1)).toBe(true);
});
