// Goal: positions run by rising place but for those that wait, and each gets its turn once all it waits for is there.
// Method: a list of what is here and of what has run, both the test's to change.
import { partitionLimits } from './limits.ts';
import { Turns } from './turns.ts';

function begin(own: number[]) {
  const here = new Set<string>();
  const done = new Set<number>();
  const turns = new Turns<string>(
    own,
    (position) => done.has(position),
    (lack) => here.has(lack),
  );
  const run = (position: number): void => {
    done.add(position);
    turns.ran(position);
  };
  /** Runs all whose turn it is. */
  const drain = (): number[] => {
    const ran: number[] = [];
    for (let position = turns.next(); position !== undefined; position = turns.next()) {
      run(position);
      ran.push(position);
    }
    return ran;
  };
  return { here, turns, run, drain };
}

test('a position does not run before what it expects is here, others do', () => {
  const { here, turns, drain } = begin([1, 2, 3]);
  turns.expect(1, 'a');
  turns.expect(1, 'b');
  expect(drain()).toEqual([2, 3]);
  here.add('b');
  turns.arrived();
  expect([drain(), turns.waiting]).toEqual([[], true]);
  here.add('a');
  turns.arrived();
  expect([drain(), turns.waiting]).toEqual([[1], false]);
});

test('a position follows those before it, also when they wait', () => {
  const { here, turns, drain } = begin([1, 2, 3, 4]);
  turns.expect(1, 'a');
  turns.follow(3, 1);
  turns.follow(4, 3);
  expect(drain()).toEqual([2]);
  here.add('a');
  turns.arrived();
  expect([drain(), turns.waiting]).toEqual([[1, 3, 4], false]);
});

test('one that ran in vain runs again when it lacks nothing, before those that have not been looked at', () => {
  const { here, turns, drain } = begin([1, 2]);
  expect(turns.next()).toBe(1);
  turns.lacks(1, ['a']);
  here.add('a');
  turns.arrived();
  expect([drain(), turns.waiting]).toEqual([[1, 2], false]);
});

test('so many run in vain at first, twice as many when these have got it', () => {
  const { here, turns, drain } = begin(Array.from({ length: 100 }, (_, position) => position));
  const runInVain = (): number => {
    let count = 0;
    for (let position = turns.next(); position !== undefined; position = turns.next(), count++) {
      turns.lacks(position, ['a']);
    }
    return count;
  };
  expect(runInVain()).toBe(partitionLimits.blockedMaxFirst);
  here.add('a');
  turns.arrived();
  here.delete('a');
  const again: number[] = [];
  for (let i = 0; i < partitionLimits.blockedMaxFirst; i++) again.push(turns.next()!);
  expect(again).toEqual([0, 1, 2, 3]);
  expect(runInVain()).toBe(2 * partitionLimits.blockedMaxFirst);
  here.add('a');
  turns.arrived();
  expect(drain()).toHaveLength(96);
});
