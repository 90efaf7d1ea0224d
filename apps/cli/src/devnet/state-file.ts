import { readFileSync } from 'node:fs';
import { writeFileAtomically } from './data-dir.ts';
import type { DevnetProcess } from './devnet.ts';
import { memoryOfTrees } from './process-table.ts';

/** What `devnet up` records of its processes, for `devnet status` in another terminal. */
export interface DevnetState {
  portBase: number;
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

/** The state of the processes and of `front`, the command line itself. */
export function observeProcesses(portBase: number, processes: DevnetProcess[]): DevnetState {
  const pids = processes.map((process) => process.pid() ?? 0);
  const memory = memoryOfTrees(pids);
  return {
    portBase,
    processes: processes.map((process, i) => ({
      name: process.name,
      pid: process.pid() ?? null,
      ready: process.ready(),
      restarts: process.restarts(),
      memoryBytes: memory.get(pids[i]!) ?? 0,
      adminPort: process.adminPort ?? null,
    })),
  };
}

export function writeState(file: string, state: DevnetState): void {
  writeFileAtomically(file, JSON.stringify(state));
}

/** Undefined when there is none. */
export function readState(file: string): DevnetState | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DevnetState;
  } catch {
    return undefined;
  }
}
