/** Wakes loops. A loop looks at the state, and if there is nothing to do waits; nothing runs in between, so no wake is lost. */
export class Signal {
  readonly #waiters = new Set<() => void>();

  notify(): void {
    for (const wake of [...this.#waiters]) wake();
  }

  /** Resolves at the next `notify`, after `ms` (undefined: never) or when aborted, whatever is first. */
  wait(ms: number | undefined, abort: AbortSignal): Promise<void> {
    if (abort.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        abort.removeEventListener('abort', done);
        resolve();
      };
      const timer = ms === undefined ? undefined : setTimeout(done, ms);
      this.#waiters.add(done);
      abort.addEventListener('abort', done);
    });
  }
}
