// Goal: a bar is reached by the median alone, and the table says when it is not.
// Method: figures on both sides of both kinds of bar.
import { describeFigures, reportFigure } from './figure.ts';

const report = (samples: number[], bar?: { below: number } | { atLeast: number }) =>
  reportFigure({ row: 'root', what: 'a block, ms', samples, ...(bar && { bar }) });

test.each([
  [[50, 59, 1_000], { below: 60 }, true],
  [[60], { below: 60 }, false],
  [[1, 20, 30], { atLeast: 20 }, true],
  [[1, 19, 30], { atLeast: 20 }, false],
])('%p with %p: %p', (samples, bar, reached) => {
  expect(report(samples, bar).reached).toBe(reached);
});

test('one line a figure; without a bar nothing is said of it', () => {
  expect(describeFigures([report([61, 61, 62], { below: 60 }), report([7])]).split('\n')).toEqual([
    'state              measured     bar',
    '-----------------  --------  ------  ------',
    'root: a block, ms  61.0 ±0%  < 60.0  MISSED',
    'root: a block, ms      7.00',
  ]);
});
