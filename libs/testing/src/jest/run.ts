import type { RunningServer } from '../launch.ts';

/** What global setup hands to global teardown; both run in jest's own process. */
export interface TestRun {
  servers: RunningServer[];
  workersDir: string;
}

const place = Symbol.for('sheaf.testing.run');
const holder = globalThis as unknown as Record<symbol, TestRun | undefined>;

export function keepRun(run: TestRun): void {
  holder[place] = run;
}

export function takeRun(): TestRun | undefined {
  const run = holder[place];
  holder[place] = undefined;
  return run;
}
