import { ChainError, limits } from '@sheaf/primitives';
import type { Ordering, SubmitOutcome } from '../ports.ts';

/**
 * Hands transactions to the sequencer: sends that arrive within a few milliseconds travel as one batch, in the order of arrival, one batch
 * at a time, so that two transactions of one sender never overtake each other.
 */
export interface Submitter {
  /** What admission said. @throws ChainError `LIMIT` when too many wait, else as the sequencer */
  submit(raw: Uint8Array): Promise<SubmitOutcome>;
  waiting(): number;
}

interface Waiting {
  raw: Uint8Array;
  resolve: (outcome: SubmitOutcome) => void;
  reject: (error: unknown) => void;
}

export interface SubmitterOptions {
  /** How long the first of a batch waits for company. */
  gatherMs: number;
  waitingMax: number;
  /** Bytes of transactions in one batch; one transaction always fits. */
  batchBytesMax: number;
}

export function createSubmitter(
  options: SubmitterOptions,
  deps: { ordering: Pick<Ordering, 'submit'>; onBatch?: (size: number) => void },
): Submitter {
  const queue: Waiting[] = [];
  let sending = false;

  function submit(raw: Uint8Array): Promise<SubmitOutcome> {
    if (queue.length >= options.waitingMax) return Promise.reject(full(options.waitingMax));
    return new Promise((resolve, reject) => {
      queue.push({ raw, resolve, reject });
      if (sending) return;
      sending = true;
      setTimeout(() => void drain(), options.gatherMs);
    });
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) await send(takeBatch(queue, options.batchBytesMax));
    sending = false;
  }

  async function send(batch: Waiting[]): Promise<void> {
    deps.onBatch?.(batch.length);
    try {
      const outcomes = await deps.ordering.submit(batch.map(({ raw }) => raw));
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome) resolve(outcome);
        else reject(new ChainError({ code: 'INTERNAL', message: 'the sequencer left out a result' }));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  return { submit, waiting: () => queue.length };
}

function takeBatch(queue: Waiting[], bytesMax: number): Waiting[] {
  let bytes = 0;
  let size = 0;
  for (const { raw } of queue) {
    if (size >= limits.submitBatchMax || (size > 0 && bytes + raw.length > bytesMax)) break;
    bytes += raw.length;
    size++;
  }
  return queue.splice(0, size);
}

function full(waitingMax: number): ChainError {
  return new ChainError({
    code: 'LIMIT',
    message: `${waitingMax} transactions wait to be handed to the sequencer`,
    retryAfterMs: 250,
  });
}
