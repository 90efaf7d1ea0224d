// Goal: never more running or waiting than allowed, first come first served, places are given back after failures.
// Method: jobs that finish on command.
import { createLimiter } from './limiter.ts';

function job() {
  let finish = (): void => {};
  let fail = (_error: Error): void => {};
  const done = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  return { run: () => done, finish, fail };
}

test('bounds what runs and what waits, in order', async () => {
  const limiter = createLimiter({ name: 'the index', runningMax: 1, waitingMax: 2 });
  const order: string[] = [];
  const jobs = [job(), job(), job()];
  const all = jobs.map(({ run }, index) =>
    limiter.run(run).then(
      () => order.push(`${index} done`),
      () => order.push(`${index} failed`),
    ),
  );
  expect([limiter.running(), limiter.waiting()]).toEqual([1, 2]);
  await expect(limiter.run(job().run)).rejects.toMatchObject({
    detail: { code: 'LIMIT', message: 'the index is busy: 1 requests run and 2 wait', retryAfterMs: 250 },
  });
  jobs[2]!.finish();
  jobs[1]!.fail(new Error('broken'));
  jobs[0]!.finish();
  await Promise.all(all);
  expect(order).toEqual(['0 done', '1 failed', '2 done']);
  expect([limiter.running(), limiter.waiting()]).toEqual([0, 0]);
});
