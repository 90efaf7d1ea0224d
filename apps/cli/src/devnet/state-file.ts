import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.ts';
import { writeFileAtomically } from './data-dir.ts';
import type { DevnetProcess } from './devnet.ts';
import { membersOf, type LaneShape } from './lanes.ts';
import { memoryOfTrees } from './process-table.ts';

/** How a devnet is laid out: on ports and in lanes. */
export interface DevnetLayout extends LaneShape {
  portBase: number;
}

/**
 * What is recorded of a devnet in its data directory: when it launches, for the next one on that directory; while it runs, for
 * `status` in another terminal.
 */
export interface DevnetState extends DevnetLayout {
  /** Empty until all are ready. */
  processes: ProcessState[];
}

export interface ProcessState {
  name: string;
  pid: number | null;
  ready: boolean;
  restarts: number;
  /** With all its descendants. */
  memoryBytes: number;
  adminPort: number | null;
}

/** The state of a devnet's processes now. */
export function observeProcesses(layout: DevnetLayout, processes: DevnetProcess[]): DevnetState {
  const pids = processes.map((process) => process.pid());
  const memory = memoryOfTrees(pids.filter((pid) => pid !== undefined));
  const memoryOf = (pid: number | undefined): number => (pid === undefined ? 0 : (memory.get(pid) ?? 0));
  return {
    portBase: layout.portBase,
    partitions: layout.partitions,
    lanes: layout.lanes,
    processes: processes.map((process, i) => ({
      name: process.name,
      pid: pids[i] ?? null,
      ready: process.ready(),
      restarts: process.restarts(),
      memoryBytes: memoryOf(pids[i]),
      adminPort: process.adminPort ?? null,
    })),
  };
}

export function writeState(file: string, state: DevnetState): void {
  writeFileAtomically(file, JSON.stringify(state));
}

/** Undefined when there is none. Records from before there were lanes have one partition in one lane. */
export function readState(file: string): DevnetState | undefined {
  try {
    return {
      partitions: 1,
      lanes: 1,
      ...(JSON.parse(readFileSync(file, 'utf8')) as Omit<DevnetState, keyof LaneShape>),
    };
  } catch {
    return undefined;
  }
}

/**
 * Every member keeps the state of its partition alone, so a chain stays with the number of partitions that it began with.
 * @throws CliError when the directory's chain began with another
 */
export function requirePartitions(paths: { state: string; services: string }, partitions: number): void {
  const before = readState(paths.state)?.partitions ?? (hasLoneMember(paths.services) ? 1 : partitions);
  if (before !== partitions) {
    throw new CliError(
      `the chain of this data directory is kept in ${before} ${before === 1 ? 'partition' : 'partitions'} and not in ${partitions}: start it with --partitions ${before}, or with --fresh to replace it`,
    );
  }
}

/** True when execution has data of a chain in one partition. */
function hasLoneMember(services: string): boolean {
  const [lone] = membersOf({ partitions: 1, lanes: 1 }, 0);
  return existsSync(join(services, lone!.folder));
}
