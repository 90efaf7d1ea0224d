// Goal: every shape of lanes has names, folders and ports of its own, and a lone member has what it had before there were lanes.
// Method: all shapes that the options allow.
import { allPorts, lanesMax, membersOf, partitionsMax, requirePortsFit, type LaneShape } from './lanes.ts';
import { portLayout, portBaseMax } from './layout.ts';

const shapes: LaneShape[] = Array.from({ length: partitionsMax * lanesMax }, (_, i) => ({
  partitions: (i % partitionsMax) + 1,
  lanes: Math.floor(i / partitionsMax) + 1,
}));

const names = (shape: LaneShape): string[] => membersOf(shape, 8545).map(({ name }) => name);
const folders = (shape: LaneShape): string[] => membersOf(shape, 8545).map(({ folder }) => folder);

test('a lone member is called execution and has the ports of the fixed run', () => {
  expect(membersOf({ partitions: 1, lanes: 1 }, 8545)).toEqual([
    {
      name: 'execution',
      folder: 'execution',
      lane: 0,
      partition: 0,
      buckets: [0, 255],
      grpcPort: 9102,
      adminPort: 9103,
    },
  ]);
  expect(allPorts(8545, { partitions: 1, lanes: 1 })).toEqual(portLayout(8545));
});

test('names are as long as the shape needs', () => {
  expect(names({ partitions: 2, lanes: 1 })).toEqual(['execution-0', 'execution-1']);
  expect(names({ partitions: 1, lanes: 2 })).toEqual(['execution-0-0', 'execution-1-0']);
  expect(names({ partitions: 2, lanes: 2 })).toEqual([
    'execution-0-0',
    'execution-0-1',
    'execution-1-0',
    'execution-1-1',
  ]);
});

test('further members have the ports after the fixed run, lane by lane', () => {
  const ports = membersOf({ partitions: 2, lanes: 2 }, 8545).map(({ grpcPort, adminPort }) => [grpcPort, adminPort]);
  expect(ports).toEqual([
    [9102, 9103],
    [9116, 9117],
    [9118, 9119],
    [9120, 9121],
  ]);
});

test('the first of the first lane has the ports that the other services are told', () => {
  const { executionGrpc, executionAdmin } = portLayout(8545);
  for (const shape of shapes)
    expect(membersOf(shape, 8545)[0]).toMatchObject({
      lane: 0,
      partition: 0,
      grpcPort: executionGrpc,
      adminPort: executionAdmin,
    });
});

test('no two members share a name, a folder or a port', () => {
  for (const shape of shapes) {
    const count = shape.partitions * shape.lanes;
    expect(new Set(names(shape)).size).toBe(count);
    expect(new Set(folders(shape)).size).toBe(count);
    const ports = Object.values(allPorts(8545, shape));
    expect(ports).toHaveLength(Object.keys(portLayout(8545)).length + 2 * (count - 1));
    expect(new Set(ports).size).toBe(ports.length);
  }
});

test('a lane finds its folders again however many lanes there are', () => {
  for (const { partitions, lanes } of shapes) {
    const all = folders({ partitions, lanes: lanesMax });
    expect(folders({ partitions, lanes })).toEqual(all.slice(0, partitions * lanes));
  }
});

test('the members of a lane own all buckets, each one of them once, in order', () => {
  for (const shape of shapes) {
    const lane = membersOf(shape, 8545).filter((member) => member.lane === shape.lanes - 1);
    const owned = lane.flatMap(({ buckets: [first, last] }) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    );
    expect(owned).toEqual(Array.from({ length: 256 }, (_, bucket) => bucket));
  }
});

test('a base without room for the ports of all members is refused with the highest that has', () => {
  const shape = { partitions: 16, lanes: 4 };
  expect(() => requirePortsFit(64_839, shape)).not.toThrow();
  expect(Math.max(...Object.values(allPorts(64_839, shape)))).toBe(65_535);
  expect(() => requirePortsFit(64_840, shape)).toThrow(
    '64 execution members need ports up to 696 above --port-base, which may be 64839 at most',
  );
  expect(() => requirePortsFit(portBaseMax, { partitions: 1, lanes: 1 })).not.toThrow();
});
