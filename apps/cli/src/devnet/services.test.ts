// Goal: every member is told its place and nothing else changes with the shape of the lanes.
// Method: the settings of all services, for several shapes.
import { membersOf, type LaneShape } from './lanes.ts';
import { portLayout } from './layout.ts';
import { serviceSpecs, stopOrder, type ServiceSpec } from './services.ts';

function specsOf(shape: LaneShape): ServiceSpec[] {
  return serviceSpecs({
    ports: portLayout(8545),
    members: membersOf(shape, 8545),
    natsUrl: 'nats://127.0.0.1:9115',
    streamPrefix: 'sheaf-8545',
    databaseUrl: (name) => `postgres://127.0.0.1/${name}`,
    chainSpecFile: '/data/chain.json',
    keyFile: (name) => `/data/keys/${name}.key`,
    dataDir: (service) => `/data/services/${service}`,
  });
}

const execution = (shape: LaneShape): ServiceSpec[] => specsOf(shape).filter(({ app }) => app === 'execution');
const place = ({ env }: ServiceSpec) => [env['SHEAF_LANE'], env['SHEAF_PARTITION'], env['SHEAF_LANE_MEMBERS']];

test('a lone member is told no place', () => {
  const [lone, ...others] = execution({ partitions: 1, lanes: 1 });
  expect(others).toEqual([]);
  expect(lone).toMatchObject({
    name: 'execution',
    adminPort: 9103,
    env: { SHEAF_GRPC_PORT: '9102', SHEAF_ADMIN_PORT: '9103', SHEAF_DATA_DIR: '/data/services/execution' },
  });
  expect(place(lone!)).toEqual([undefined, undefined, undefined]);
});

test('the members of a lane are told the same addresses in the order of partitions, their own among them', () => {
  const members = '127.0.0.1:9102,127.0.0.1:9116,127.0.0.1:9118';
  const specs = execution({ partitions: 3, lanes: 1 });
  expect(specs.map(place)).toEqual([
    ['0', '0', members],
    ['0', '1', members],
    ['0', '2', members],
  ]);
  expect(specs.map(({ env }) => env['SHEAF_GRPC_PORT'])).toEqual(['9102', '9116', '9118']);
  expect(specs.map(({ env }) => env['SHEAF_DATA_DIR'])).toEqual([
    '/data/services/execution-0',
    '/data/services/execution-1',
    '/data/services/execution-2',
  ]);
});

test('a member that has lost its state is told who may have it: all members of all other lanes', () => {
  const from = (shape: LaneShape) => execution(shape).map(({ env }) => env['SHEAF_SNAPSHOT_FROM']);
  expect(from({ partitions: 2, lanes: 1 })).toEqual([undefined, undefined]);
  expect(from({ partitions: 2, lanes: 2 })).toEqual([
    '127.0.0.1:9118,127.0.0.1:9120',
    '127.0.0.1:9118,127.0.0.1:9120',
    '127.0.0.1:9102,127.0.0.1:9116',
    '127.0.0.1:9102,127.0.0.1:9116',
  ]);
});

test('lanes take no part in each other’s blocks', () => {
  expect(execution({ partitions: 2, lanes: 2 }).map(place)).toEqual([
    ['0', '0', '127.0.0.1:9102,127.0.0.1:9116'],
    ['0', '1', '127.0.0.1:9102,127.0.0.1:9116'],
    ['1', '0', '127.0.0.1:9118,127.0.0.1:9120'],
    ['1', '1', '127.0.0.1:9118,127.0.0.1:9120'],
  ]);
  expect(execution({ partitions: 1, lanes: 2 }).map(place)).toEqual([
    ['0', undefined, undefined],
    ['1', undefined, undefined],
  ]);
});

test('the other services are the same for every shape, and talk to the first member of the first lane', () => {
  const others = (shape: LaneShape) => specsOf(shape).filter(({ app }) => app !== 'execution');
  const alone = others({ partitions: 1, lanes: 1 });
  expect(others({ partitions: 4, lanes: 2 })).toEqual(alone);
  const told = alone.flatMap(({ env }) => env['SHEAF_EXECUTION_ADDRESS'] ?? []);
  expect(told).toEqual(Array.from({ length: 5 }, () => '127.0.0.1:9102'));
});

test('every service is stopped, once', () => {
  for (const shape of [
    { partitions: 1, lanes: 1 },
    { partitions: 3, lanes: 2 },
  ]) {
    const order = stopOrder(membersOf(shape, 8545)).flat();
    expect(order.sort()).toEqual(
      specsOf(shape)
        .map(({ name }) => name)
        .sort(),
    );
  }
});
