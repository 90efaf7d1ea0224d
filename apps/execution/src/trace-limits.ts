import { limits } from '@sheaf/primitives';

/** Every maximum of traces, in one place. Over it a trace is LIMIT or DEADLINE, never cut. */
export const traceLimits = {
  /** One trace: of a transaction, of all transactions of a block, or of a message. */
  runMsMax: 10_000,
  /** What the thread has beyond that to say so itself; then it is replaced. */
  graceMs: 2_000,
  /** Instructions of one trace. */
  stepsMax: 20_000_000,
  /** Characters of one trace's JSON, which but for the words of contracts are bytes. */
  answerBytesMax: limits.traceBytesMax,
  /** JSON in one message of the stream. */
  pieceBytes: 1_048_576,
  /** Traces that may wait for the one that runs. */
  queueMax: 16,
} as const;

export type TraceLimits = { readonly [K in keyof typeof traceLimits]: number };
