// Goal: figures line up, and none says more than was measured.
// Method: small tables and single figures compared as text.
import { formatNumber, formatSpread, formatTable } from './table.ts';

test('the first column to the left, figures to the right, missing cells empty', () => {
  expect(formatTable(['row', 'ns'], [['add', '1.50'], ['mulmod', '12'], ['none']])).toBe(
    ['row       ns', '------  ----', 'add     1.50', 'mulmod    12', 'none'].join('\n'),
  );
});

test.each([
  [0, '0.00'],
  [0.01234, '0.012'],
  [1.234, '1.23'],
  [12.34, '12.3'],
  [123.4, '123'],
  [1234.5, '1,235'],
  [-40.94, '-40.9'],
  [NaN, '–'],
  [Infinity, '–'],
])('%p is written %p', (value, text) => {
  expect(formatNumber(value)).toBe(text);
});

test('the spread is told in percent of the median', () => {
  expect(formatSpread({ count: 3, min: 90, median: 100, max: 130, deviation: 10 })).toBe('100 ±10%');
  expect(formatSpread({ count: 1, min: 0, median: 0, max: 0, deviation: 0 })).toBe('0.00 ±0%');
});
