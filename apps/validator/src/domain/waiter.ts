/** A pause that something else may end early. */
export interface Waiter {
  /** Resolves after `ms`, on the next `wake`, or at once when there was one since the last pause. */
  pause(ms: number): Promise<void>;
  wake(): void;
}

export function createWaiter(): Waiter {
  let woken = false;
  let resume: (() => void) | undefined;
  return {
    async pause(ms) {
      if (!woken) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      woken = false;
      resume = undefined;
    },
    wake() {
      woken = true;
      resume?.();
    },
  };
}
