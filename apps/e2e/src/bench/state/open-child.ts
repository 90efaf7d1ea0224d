import { memberOptions } from './with-state.ts';
import { PartitionState } from '@sheaf/state';
import { openLmdb } from '@sheaf/state-lmdb';
import { readFileSync } from 'node:fs';

/** What the program is told to be when it opens a store and says what that took. */
export const openChildName = 'state-open-child';

/** One line of JSON of the process that opened a store. */
export interface Opening {
  ms: number;
  head: string;
  heapUsedBytes: number;
  /** Of the process before it opened anything, to tell what is Node's own. */
  heapBeforeBytes: number;
  /** Pages that are not a file's; `undefined` where the system does not tell (other than Linux). */
  anonymousBytes: number | undefined;
}

export async function runOpenChild(dataDir: string): Promise<void> {
  const heapBeforeBytes = heapUsed();
  const startedMs = performance.now();
  const kv = openLmdb({ dataDir });
  const state = new PartitionState(kv, memberOptions);
  const ms = performance.now() - startedMs;
  const opening: Opening = {
    ms,
    head: String(state.head()),
    heapUsedBytes: heapUsed(),
    heapBeforeBytes,
    anonymousBytes: anonymous(),
  };
  // Used once more, so that it is not collected before it is weighed.
  if (state.tops().length === 0) throw new Error('assertion failed: a store without buckets');
  console.log(JSON.stringify(opening));
  await kv.close();
}

function heapUsed(): number {
  for (let i = 0; i < 3; i += 1) gc?.();
  return process.memoryUsage().heapUsed;
}

function anonymous(): number | undefined {
  try {
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}
