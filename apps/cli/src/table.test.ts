// Goal: tables line up whatever is in them.
// Method: small tables compared as text.
import { formatMebibytes, formatSeconds, formatTable } from './table.ts';

test('columns are as wide as their widest cell, numbers to the right', () => {
  const table = formatTable(
    [
      ['a', '1', 'x'],
      ['bcd', '200', ''],
    ],
    { head: ['name', 'n', 'end'], right: [1] },
  );
  expect(table).toBe(['name    n  end', '----  ---  ---', 'a       1  x', 'bcd   200'].join('\n'));
});

test('no rows and ragged rows are no error', () => {
  expect(formatTable([])).toBe('');
  expect(formatTable([['a'], ['b', 'c']])).toBe('a\nb  c');
});

test('units', () => {
  expect(formatMebibytes(1536 * 1024)).toBe('2 MiB');
  expect(formatSeconds(1_249)).toBe('1.2');
});
