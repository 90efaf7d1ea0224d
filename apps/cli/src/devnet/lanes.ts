import { bucketsOf } from '@sheaf/partition';
import { CliError } from '../errors.ts';
import { internalPortsFrom, portLayout, portMax } from './layout.ts';

/** How a devnet executes: every lane executes every block, and its members share that block's work and its state. */
export interface LaneShape {
  /** Members of a lane, one a partition of the state; the same in all lanes, and for ever in one data directory. */
  partitions: number;
  lanes: number;
}

/** The bound of the issue that asked for partitions; a bucket range of one member is then 16 buckets. */
export const partitionsMax = 16;
export const lanesMax = 4;
/** What a devnet runs unless told otherwise. */
export const defaultPartitions = 2;
export const defaultLanes = 1;

/** One process of apps/execution. */
export interface Member {
  /** Of the service: "execution", "execution-1" or "execution-0-1", as long as the devnet's shape needs. */
  name: string;
  /** Of its data; does not depend on how many lanes there are, so that lanes can be added and taken away. */
  folder: string;
  lane: number;
  /** 0 is the lane's coordinator. */
  partition: number;
  /** First and last bucket that it owns. */
  buckets: [first: number, last: number];
  grpcPort: number;
  adminPort: number;
}

/** The members of all lanes, lane by lane in the order of their partitions. The first has the ports that a lone one has. */
export function membersOf(shape: LaneShape, portBase: number): Member[] {
  const { executionGrpc, executionAdmin } = portLayout(portBase);
  return Array.from({ length: shape.lanes * shape.partitions }, (_, index) => {
    const lane = Math.floor(index / shape.partitions);
    const partition = index % shape.partitions;
    const { first, end } = bucketsOf(partition, shape.partitions);
    const further = portBase + internalPortsFrom.furtherMembers + 2 * (index - 1);
    return {
      name: nameOf(shape, lane, partition),
      folder: nameOf({ ...shape, lanes: lane === 0 ? 1 : shape.lanes }, lane, partition),
      lane,
      partition,
      buckets: [first, end - 1],
      grpcPort: index === 0 ? executionGrpc : further,
      adminPort: index === 0 ? executionAdmin : further + 1,
    };
  });
}

function nameOf(shape: LaneShape, lane: number, partition: number): string {
  if (shape.lanes > 1) return `execution-${lane}-${partition}`;
  return shape.partitions > 1 ? `execution-${partition}` : 'execution';
}

/** Every port of a devnet by what wants it. */
export function allPorts(portBase: number, shape: LaneShape): Record<string, number> {
  const further = membersOf(shape, portBase).slice(1);
  return {
    ...portLayout(portBase),
    ...Object.fromEntries(
      further.flatMap(({ name, grpcPort, adminPort }) => [
        [`${name} gRPC`, grpcPort],
        [`${name} admin`, adminPort],
      ]),
    ),
  };
}

/** @throws CliError when the ports of so many members do not fit above the base */
export function requirePortsFit(portBase: number, shape: LaneShape): void {
  const above = Math.max(...Object.values(allPorts(portBase, shape))) - portBase;
  if (portBase + above > portMax) {
    throw new CliError(
      `${shape.lanes * shape.partitions} execution members need ports up to ${above} above --port-base, which may be ${portMax - above} at most`,
    );
  }
}
