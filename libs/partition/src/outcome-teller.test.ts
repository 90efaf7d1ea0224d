// Goal: the coordinator is told of the runs that count, in messages of 64, and the member knows which it has told.
// Method: runs by number; some have run again since.
import { OutcomeTeller } from './outcome-teller.ts';
import type { PositionRun } from './position-run.ts';
import type { Result } from './results.ts';

const outcome = { kind: 'withdrawals' as const };
const runOf = (position: number) => ({ position, outcome }) as PositionRun;

test('nothing before 64 runs, then those that count', () => {
  const latest: PositionRun[] = [];
  const messages: (readonly Result[])[] = [];
  const teller = new OutcomeTeller(
    (run) => latest[run.position] === run,
    (results) => messages.push(results),
  );
  const run = (position: number) => teller.ran((latest[position] = runOf(position)));
  for (let position = 0; position < 63; position++) run(position);
  expect(messages).toEqual([]);
  expect(teller.told).toEqual([]);
  // Again: the first run of 7 does not count any more.
  run(7);
  expect(messages).toHaveLength(1);
  expect(messages[0]!.map(({ position }) => position).sort((a, b) => a - b)).toEqual([...Array(63).keys()]);
  expect(teller.told[7]).toBe(latest[7]);

  const before = teller.told[3];
  run(3);
  for (let position = 100; position < 162; position++) run(position);
  // Withdrawn before it was told.
  latest.length = 161;
  run(0);
  expect(messages).toHaveLength(2);
  expect(teller.told[3]).toBe(latest[3]);
  expect(teller.told[3]).not.toBe(before);
  expect(messages[1]!.map(({ position }) => position).sort((a, b) => a - b)).toEqual([
    0,
    3,
    ...Array.from({ length: 61 }, (_, at) => 100 + at),
  ]);
  expect(teller.told[161]).toBe(undefined);
});
