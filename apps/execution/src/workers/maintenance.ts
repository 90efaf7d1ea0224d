import type { BlockWriter } from '../ports.ts';

/** Maintains the thread's heap and the store, a step at a time, when nothing else is to be done. */
export interface Maintenance {
  /** A block has been committed. */
  wake(): void;
  /** What the last step failed with, if it did. */
  fault(): string | undefined;
}

export interface MaintenanceOptions {
  store: Pick<BlockWriter, 'maintain'>;
  /** Empties the young generation. It comes first: the next block may begin at any moment. */
  collectYoung(): void;
  /** A step, which takes some milliseconds, would hold something up now. */
  busy(): boolean;
}

export function startMaintenance({ store, collectYoung, busy }: MaintenanceOptions): Maintenance {
  let fault: string | undefined;
  let scheduled = false;
  let collected = true;
  const maintain = (): void => {
    scheduled = false;
    if (busy()) return;
    if (!collected) {
      collected = true;
      collectYoung();
      return schedule();
    }
    try {
      if (store.maintain()) schedule();
      fault = undefined;
    } catch (error) {
      // A full disk: it is tried again after the next block, and told with it.
      fault = error instanceof Error ? error.message : String(error);
    }
  };
  // A message that waits comes first.
  const schedule = (): void => {
    if (!scheduled) setImmediate(maintain);
    scheduled = true;
  };
  const wake = (): void => {
    collected = false;
    schedule();
  };
  return { wake, fault: () => fault };
}
