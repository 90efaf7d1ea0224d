// Goal: the table says of every member what it tells of itself, and what it does not tell is never shown as a figure.
// Method: metrics pages as members write them, read and laid out.
import { membersOf } from './lanes.ts';
import { memberStatus, memberTable } from './member-status.ts';
import { parseSamples } from './metrics.ts';

const shape = { partitions: 2, lanes: 1 };
const [coordinator, other] = membersOf(shape, 8545);

function page(figures: Record<string, number>): Map<string, number> {
  const lines = Object.entries(figures).map(
    ([name, value]) => `# TYPE sheaf_execution_${name} gauge\nsheaf_execution_${name}{service="execution"} ${value}\n`,
  );
  return parseSamples(lines.join(''));
}

const figures = {
  head_height: 12,
  payload_height: 14,
  transactions_executed_total: 500,
  remote_reads_total: 31,
  repair_rounds_total: 3,
  lane_connected: 1,
};

test('two members', () => {
  const table = memberTable([
    memberStatus(coordinator!, shape, page(figures)),
    memberStatus(other!, shape, page({ ...figures, transactions_executed_total: 498, repair_rounds_total: 0 })),
  ]);
  expect(table.split('\n')).toEqual([
    'member       lane  partition  buckets  height  lag  transactions  remote reads  repair rounds  connected',
    '-----------  ----  ---------  -------  ------  ---  ------------  ------------  -------------  ---------',
    'execution-0     0          0  00…7f        12    2           500            31              3  1 of 1',
    'execution-1     0          1  80…ff        12    2           498            31              -  1 of 1',
  ]);
});

test('a member that does not answer', () => {
  const silent = memberStatus(other!, shape, undefined);
  expect(silent).toMatchObject({ answers: false, height: null, lag: null, connected: null });
  expect(memberTable([silent])).toMatch(/^execution-1 +0 +1 +80…ff +\? +\? +\? +\? +- +does not answer$/m);
});

test('a figure that is not on the page is not known, and neither is what is computed of it', () => {
  const partial = memberStatus(coordinator!, shape, page({ head_height: 7 }));
  expect(partial).toMatchObject({ answers: true, height: 7, lag: null, repairRounds: null, connected: null });
  expect(memberTable([partial])).toMatch(/^execution-0 +0 +0 +00…7f +7 +\? +\? +\? +\? +\? of 1$/m);
});

test('a lone member has nobody to be connected to', () => {
  const alone = { partitions: 1, lanes: 1 };
  const [lone] = membersOf(alone, 8545);
  const table = memberTable([memberStatus(lone!, alone, page({ ...figures, lane_connected: 0 }))]);
  expect(table).toMatch(/^execution +0 +0 +00…ff +12 +2 +500 +31 +3 +-$/m);
});

test('a head beyond the payloads known, as two reads can make it, is no negative lag', () => {
  expect(memberStatus(coordinator!, shape, page({ ...figures, payload_height: 11 })).lag).toBe(0);
});
