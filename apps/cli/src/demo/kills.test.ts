// Goal: the demo kills a member that is not the coordinator, then the coordinator; a lone member once.
// Method: the members of several shapes of lanes.
import { membersOf } from '../devnet/lanes.ts';
import { equalParts, titleOf, victims } from './kills.ts';

const titles = (partitions: number, lanes: number): string[] => {
  const members = membersOf({ partitions, lanes }, 8545);
  return victims(members).map((victim) => titleOf(victim, members));
};

test.each([
  [1, 1, ['execution']],
  [2, 1, ['execution-1, not the coordinator', 'execution-0, the coordinator']],
  [4, 2, ['execution-0-1, not the coordinator', 'execution-0-0, the coordinator']],
  [1, 2, ['execution-0-0, the coordinator']],
])('%d partitions in %d lanes', (partitions, lanes, expected) => {
  expect(titles(partitions, lanes)).toEqual(expected);
});

test('parts are as equal as can be and together everything', () => {
  expect(equalParts([1, 2, 3, 4, 5], 2)).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
  expect(equalParts([1, 2, 3, 4, 5], 3)).toEqual([[1], [2, 3], [4, 5]]);
  expect(equalParts([], 2)).toEqual([[], []]);
});
