// Goal: what the tables call median and spread is that.
// Method: small samples worked out by hand.
import { median, summarize } from './statistics.ts';

test('the median of odd and even counts, whatever their order', () => {
  expect(median([3])).toBe(3);
  expect(median([10, 2, 30])).toBe(10);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('samples are not sorted in place', () => {
  const samples = [3, 1, 2];
  median(samples);
  expect(samples).toEqual([3, 1, 2]);
});

test('one outlier moves neither the median nor the deviation', () => {
  expect(summarize([9, 10, 11, 10, 1_000])).toEqual({ count: 5, min: 9, median: 10, max: 1_000, deviation: 1 });
});

test('no samples are no zero', () => {
  expect(() => median([])).toThrow(RangeError);
  expect(() => summarize([])).toThrow(RangeError);
});
