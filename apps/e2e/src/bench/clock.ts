import { openSync, readdirSync, readFileSync, readSync } from 'node:fs';

/** `wall`: as a user waits. `cpu`: what the threads got, so that others on the machine count less (Linux alone). */
export type ClockKind = 'wall' | 'cpu';

/** Nanoseconds since some moment; two readings are compared. */
export type Clock = () => number;

const space = ' '.charCodeAt(0);
const zero = '0'.charCodeAt(0);

export function cpuClockWorks(): boolean {
  try {
    return readNs('/proc/thread-self/schedstat') >= 0;
  } catch {
    return false;
  }
}

/**
 * Of the thread that made it, so that V8's compiling and collecting in other threads does not count. Read thousands of times a block, its
 * own time would show: the file stays open.
 */
export function ownClock(kind: ClockKind): Clock {
  if (kind === 'wall') return wallNs;
  const file = openSync('/proc/thread-self/schedstat', 'r');
  const text = new Uint8Array(64);
  return () => {
    // The kernel brings a running thread's figure up to date when the process asks for its usage.
    process.cpuUsage();
    const length = readSync(file, text, 0, text.length, 0);
    let ns = 0;
    for (let at = 0; at < length && text[at] !== space; at++) ns = 10 * ns + text[at]! - zero;
    return ns;
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
