/** A fetch done at most once: concurrent callers share it, success is kept, failure is not. */
export function memo<T>(fetch: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  return () => {
    if (current) return current;
    const started = fetch();
    current = started;
    // Also keeps a prefetch that nobody came to ask for from being an unhandled rejection.
    started.catch(() => {
      if (current === started) current = undefined;
    });
    return started;
  };
}
