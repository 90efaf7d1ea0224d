import type { BlockWriter } from '../ports.ts';

/** Maintains the store, a step at a time, when nothing else is to be done. */
export interface Maintenance {
  /** There may be something to do. */
  wake(): void;
  /** What the last step failed with, if it did. */
  fault(): string | undefined;
}

/** `busy`: a step, which takes some milliseconds, would hold something up now. */
export function startMaintenance(store: Pick<BlockWriter, 'maintain'>, busy: () => boolean): Maintenance {
  let fault: string | undefined;
  let scheduled = false;
  const maintain = (): void => {
    scheduled = false;
    if (busy()) return;
    try {
      if (store.maintain()) wake();
      fault = undefined;
    } catch (error) {
      // A full disk: it is tried again after the next block, and told with it.
      fault = error instanceof Error ? error.message : String(error);
    }
  };
  // A message that waits comes first.
  const wake = (): void => {
    if (!scheduled) setImmediate(maintain);
    scheduled = true;
  };
  return { wake, fault: () => fault };
}
