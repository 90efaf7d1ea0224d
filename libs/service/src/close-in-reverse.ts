import { ChainError } from '@sheaf/primitives';

/** What a composition root has opened. */
export interface CloseStack {
  /**
   * Remembers how to close what was just opened.
   * @throws ChainError `UNAVAILABLE` when closing has begun; then `close` has been called, so a start that was overtaken by a stop leaks nothing
   */
  add(name: string, close: () => void | Promise<void>): void;
  /**
   * Everything is closed, one after the other, the last opened first; a failure does not keep the others from closing.
   * The same promise for every caller. @throws AggregateError naming what failed to close
   */
  closeAll(): Promise<void>;
}

/** Stop order for composition roots: `add` right after each thing is open, `closeAll` in `stop`. */
export function closeInReverse(): CloseStack {
  const open: { name: string; close: () => void | Promise<void> }[] = [];
  const failures: Error[] = [];
  let closing: Promise<void> | undefined;

  const closeOne = async ({ name, close }: { name: string; close: () => void | Promise<void> }) => {
    try {
      await close();
    } catch (cause) {
      failures.push(
        new Error(`${name} did not close: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }),
      );
    }
  };
  const drain = async () => {
    for (let one = open.pop(); one !== undefined; one = open.pop()) await closeOne(one);
    if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
  };

  return {
    add(name, close) {
      open.push({ name, close });
      if (closing === undefined) return;
      open.pop();
      closing = Promise.allSettled([closing, closeOne({ name, close })]).then(drain);
      closing.catch(() => {});
      throw new ChainError({ code: 'UNAVAILABLE', message: `${name} was opened while everything is being closed` });
    },
    closeAll: () => (closing ??= drain()),
  };
}
