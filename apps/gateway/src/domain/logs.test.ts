// Goal: a log matches a filter as geth defines it.
// Method: the cases of the JSON-RPC documentation, and a property: dropping a position or an address never loses a match.
import type { Address, Hash32 } from '@sheaf/primitives';
import fc from 'fast-check';
import { matches } from './logs.ts';

const topic = (n: number): Hash32 => `0x${n.toString(16).padStart(64, '0')}` as Hash32;
const who = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}` as Address;
const [a, b, c] = [topic(1), topic(2), topic(3)];
const log = (topics: Hash32[], address = who(1)) => ({ address, topics });

test.each<[string, (Hash32[] | undefined)[], Hash32[], boolean]>([
  ['[] matches anything', [], [a], true],
  ['[] matches no topics', [], [], true],
  ['[A]', [[a]], [a, b], true],
  ['[A] is the first', [[a]], [b, a], false],
  ['[null, B]', [undefined, [b]], [a, b], true],
  ['[null, B] needs two', [undefined, [b]], [a], false],
  ['[null] needs one', [undefined], [], false],
  ['[[A, B], [C]]', [[a, b], [c]], [b, c], true],
  ['[[A, B], [C]] else', [[a, b], [c]], [c, a], false],
])('%s', (_name, topics, found, expected) => {
  expect(matches(log(found), { addresses: [], topics })).toBe(expected);
});

test('addresses are alternatives', () => {
  expect(matches(log([a], who(2)), { addresses: [who(1), who(2)], topics: [] })).toBe(true);
  expect(matches(log([a], who(3)), { addresses: [who(1), who(2)], topics: [] })).toBe(false);
});

test('a looser filter matches at least as much', () => {
  const topics = fc.array(fc.integer({ min: 1, max: 3 }).map(topic), { maxLength: 4 });
  const position = fc.option(fc.array(fc.integer({ min: 1, max: 3 }).map(topic), { minLength: 1, maxLength: 2 }), {
    nil: undefined,
  });
  fc.assert(
    fc.property(topics, fc.array(position, { maxLength: 4 }), (found, wanted) => {
      if (!matches(log(found), { addresses: [who(1)], topics: wanted })) return;
      expect(matches(log(found), { addresses: [], topics: wanted.slice(0, -1) })).toBe(true);
    }),
  );
});
