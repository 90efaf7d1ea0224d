// Goal: sends travel in few batches, in order of arrival, one batch at a time, within the bounds; each caller gets its own outcome.
// Method: a sequencer in memory that holds its answers back; no clock is looked at.
import { ChainError, limits } from '@sheaf/primitives';
import type { SubmitOutcome } from '../ports.ts';
import { createSubmitter } from './submitter.ts';

function setUp(options: { waitingMax?: number; batchBytesMax?: number } = {}) {
  const batches: number[][] = [];
  const answers: (() => void)[] = [];
  let arrived = (): void => {};
  const ordering = {
    submit: (transactions: Uint8Array[]) =>
      new Promise<SubmitOutcome[]>((resolve, reject) => {
        batches.push(transactions.map((raw) => raw[0]!));
        answers.push(() =>
          transactions.some((raw) => raw[0] === 255)
            ? reject(new ChainError({ code: 'UNAVAILABLE', message: 'away' }))
            : resolve(
                transactions.map((raw) =>
                  raw[0]! % 2 === 0
                    ? { accepted: true }
                    : { accepted: false, reason: 'NONCE_TOO_LOW', message: `${raw[0]}`, retryAfterMs: 0 },
                ),
              ),
        );
        arrived();
      }),
  };
  const submitter = createSubmitter(
    { gatherMs: 0, waitingMax: 1_000, batchBytesMax: 1_000_000, ...options },
    { ordering },
  );
  const batch = async (number: number): Promise<void> => {
    while (batches.length < number) await new Promise<void>((resolve) => (arrived = resolve));
  };
  return { submitter, batches, answers, batch };
}

const raw = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

test('gathers concurrent sends, keeps order, sends the next batch after the first', async () => {
  const { submitter, batches, answers, batch } = setUp();
  const first = [0, 1, 2].map((n) => submitter.submit(raw(n)));
  await batch(1);
  const second = [4, 5].map((n) => submitter.submit(raw(n)));
  expect(batches).toEqual([[0, 1, 2]]);
  answers[0]!();
  expect(await Promise.all(first)).toEqual([
    { accepted: true },
    { accepted: false, reason: 'NONCE_TOO_LOW', message: '1', retryAfterMs: 0 },
    { accepted: true },
  ]);
  await batch(2);
  answers[1]!();
  await Promise.all(second);
  expect(batches).toEqual([
    [0, 1, 2],
    [4, 5],
  ]);
});

test('splits by count and by bytes', async () => {
  const { submitter, batches, answers, batch } = setUp({ batchBytesMax: 10 });
  const sends = [
    submitter.submit(new Uint8Array(8)),
    submitter.submit(new Uint8Array(8)),
    submitter.submit(new Uint8Array(20)),
  ];
  for (let i = 0; i < 3; i++) {
    await batch(i + 1);
    answers[i]!();
  }
  await Promise.all(sends);
  expect(batches.map((one) => one.length)).toEqual([1, 1, 1]);

  const many = setUp();
  const all = Array.from({ length: limits.submitBatchMax + 1 }, () => many.submitter.submit(raw(0)));
  await many.batch(1);
  many.answers[0]!();
  await many.batch(2);
  many.answers[1]!();
  await Promise.all(all);
  expect(many.batches.map((one) => one.length)).toEqual([limits.submitBatchMax, 1]);
}, 60_000);

test('refuses beyond the bound, and a failed batch fails only itself', async () => {
  const { submitter, answers, batch } = setUp({ waitingMax: 2 });
  const first = [submitter.submit(raw(255)), submitter.submit(raw(0))];
  await expect(submitter.submit(raw(0))).rejects.toMatchObject({ detail: { code: 'LIMIT', retryAfterMs: 250 } });
  await batch(1);
  answers[0]!();
  for (const one of first) await expect(one).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const next = submitter.submit(raw(0));
  await batch(2);
  answers[1]!();
  expect(await next).toEqual({ accepted: true });
});
