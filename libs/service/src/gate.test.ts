// Goal: never more work at a time than allowed, first come first served, overflow refused, a failure frees its place.
// Method: hand-held promises decide when each piece of work ends; the gate is asked for its load in between.
import { createGate } from './gate.ts';

function held(): { promise: Promise<string>; resolve: (value: string) => void; reject: (error: Error) => void } {
  let resolve!: (value: string) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<string>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

test('runs, queues, refuses, and hands places over in order', async () => {
  const gate = createGate({ name: 'store', runningMax: 1, waitingMax: 1 });
  const order: string[] = [];
  const first = held();
  const second = held();
  const one = gate.run(() => (order.push('one'), first.promise));
  const two = gate.run(() => (order.push('two'), second.promise));
  expect(gate.load()).toEqual({ running: 1, waiting: 1 });
  await expect(gate.run(() => Promise.resolve('three'))).rejects.toMatchObject({
    detail: { code: 'LIMIT', message: 'store: 1 running and 1 waiting is the maximum', retryAfterMs: 250 },
  });
  first.reject(new Error('disk'));
  await expect(one).rejects.toThrow('disk');
  second.resolve('done');
  expect(await two).toBe('done');
  expect(order).toEqual(['one', 'two']);
  expect(gate.load()).toEqual({ running: 0, waiting: 0 });
});
