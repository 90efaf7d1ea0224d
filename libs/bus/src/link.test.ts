// Goal: servers older than 2.9 are told apart, and names that cannot be streams are refused.
// Method: tables.
import { isVersionEnough } from './link.ts';
import { checkPrefix } from './streams.ts';

test.each([
  ['2.9.0', true],
  ['2.9.10', true],
  ['2.12.3-preview.1', true],
  ['3.0.0', true],
  ['2.8.4', false],
  ['1.99.0', false],
  ['0.0.0', false],
])('version %s is enough: %s', (version, enough) => {
  expect(isVersionEnough(version)).toBe(enough);
});

test.each(['', 'a.b', 'a b', 'a*', 'x'.repeat(65)])('refuses the prefix %p', (prefix) => {
  expect(() => checkPrefix(prefix)).toThrow('the stream prefix must be');
});
