// Goal: the coordinator is told of the runs that count, in messages of 128.
// Method: runs by number; some have run again since.
import { OutcomeTeller } from './outcome-teller.ts';
import type { PositionRun } from './position-run.ts';
import type { Result } from './results.ts';

const outcome = { kind: 'withdrawals' as const };
const runOf = (position: number) => ({ position, outcome }) as PositionRun;

test('nothing before 128 runs, then those that count', () => {
  const latest: PositionRun[] = [];
  const messages: (readonly Result[])[] = [];
  const teller = new OutcomeTeller(
    (run) => latest[run.position] === run,
    (results) => messages.push(results),
  );
  const run = (position: number) => teller.ran((latest[position] = runOf(position)));
  for (let position = 0; position < 127; position++) run(position);
  expect(messages).toEqual([]);
  // Again: the first run of 7 does not count any more.
  run(7);
  expect(messages).toHaveLength(1);
  expect(messages[0]!.map(({ position }) => position).sort((a, b) => a - b)).toEqual([...Array(127).keys()]);

  run(3);
  for (let position = 200; position < 326; position++) run(position);
  // Withdrawn before it was told.
  latest.length = 325;
  run(0);
  expect(messages).toHaveLength(2);
  expect(messages[1]!.map(({ position }) => position).sort((a, b) => a - b)).toEqual([
    0,
    3,
    ...Array.from({ length: 125 }, (_, at) => 200 + at),
  ]);
});
