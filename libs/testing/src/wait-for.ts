import { setTimeout as delay } from 'node:timers/promises';

const defaultTimeoutMs = 15_000;

/**
 * Resolves as soon as the condition holds; asks often at first, then every 50 ms. A condition that throws counts as not holding.
 * @throws Error naming `what` (and the last throw as its cause) when it does not hold within `timeoutMs` (default 15 s)
 */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  options: { timeoutMs?: number; what?: string } = {},
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    try {
      if (await condition()) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`${options.what ?? 'the condition'} did not hold within ${timeoutMs} ms`, { cause });
    }
    await delay(pauseMs);
  }
}
