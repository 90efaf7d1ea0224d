import { readdirSync, readFileSync } from 'node:fs';

/** `wall`: as a user waits. `cpu`: what the threads got, so that others on the machine count less (Linux alone). */
export type ClockKind = 'wall' | 'cpu';

/** Nanoseconds since some moment; two readings are compared. */
export type Clock = () => number;

export function cpuClockWorks(): boolean {
  try {
    return readNs('/proc/thread-self/schedstat') >= 0;
  } catch {
    return false;
  }
}

/** Of this thread, so that V8's compiling and collecting in other threads does not count. */
export function ownClock(kind: ClockKind): Clock {
  if (kind === 'wall') return wallNs;
  return () => {
    // The kernel brings a running thread's figure up to date when the process asks for its usage.
    process.cpuUsage();
    return readNs('/proc/thread-self/schedstat');
  };
}

/** Of all threads of another process, which is idle when it is asked. */
export function processClock(kind: ClockKind, pid: number): Clock {
  if (kind === 'wall') return wallNs;
  return () =>
    readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + readNs(`/proc/${pid}/task/${thread}/schedstat`), 0);
}

function wallNs(): number {
  return performance.now() * 1e6;
}

function readNs(file: string): number {
  return Number(readFileSync(file, 'latin1').split(' ', 1)[0]);
}
