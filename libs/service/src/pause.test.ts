// Goal: a pause ends with its time or its signal, whichever is first, and leaves nothing behind.
// Method: pauses far longer than the test that only an abort can end, and one of no time at all.
import { getEventListeners } from 'node:events';
import { pause } from './pause.ts';

test('ends with its time', async () => {
  const { signal } = new AbortController();
  await pause(0, signal);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('ends with its signal, before or after it began', async () => {
  const abort = new AbortController();
  const paused = pause(3_600_000, abort.signal);
  abort.abort();
  await paused;
  await pause(3_600_000, abort.signal);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});
