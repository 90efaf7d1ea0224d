import { existsSync } from 'node:fs';
import { cpuClockWorks, ownClock } from './clock.ts';

/** Linux alone has the file; where it is, the clock works. */
const onLinux = existsSync('/proc/thread-self/schedstat') ? it : it.skip;

onLinux("a thread's own clock goes on while it works, and stands while it sleeps", () => {
  expect(cpuClockWorks()).toBe(true);
  const clock = ownClock('cpu');
  const began = clock();
  let sum = 0;
  while (clock() - began < 5e6) sum += Math.sqrt(sum + 1);
  const worked = clock();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  const slept = clock() - worked;
  expect(worked - began).toBeGreaterThanOrEqual(5e6);
  expect(slept).toBeLessThan(100e6);
});
