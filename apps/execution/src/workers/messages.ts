import { ChainError, type ChainErrorDetail, type Height } from '@sheaf/primitives';
import type { ChainSpec } from '@sheaf/protocol';
import type { CallMessage } from '@sheaf/state-transition';
import type { HashedPayload } from '../ports.ts';

/** What a thread of this service is started with. */
export interface WorkerSetup {
  kind: 'execution';
  /** Whether this is the thread that executes and commits blocks; the others read. */
  commits: boolean;
  dataDir: string;
  /** Heights below the head whose state is kept. */
  stateHeightsKept: number;
  /** Memory for branches between blocks. */
  stateCacheMib: number;
  /** Whether it is ready only when the trusted setup of point evaluation is loaded. */
  warmPointEvaluation: boolean;
  spec: ChainSpec;
}

/** What a thread can be asked. */
export type Job =
  | { type: 'execute'; payload: HashedPayload; published: bigint }
  | { type: 'call'; height: Height; message: CallMessage }
  | { type: 'estimate'; height: Height; message: CallMessage }
  | { type: 'witness'; height: Height };

/** Errors cross threads as data: a ChainError would lose its class. */
export type Failure = { detail: ChainErrorDetail } | { message: string; stack: string | undefined };

export type Answer = { ok: true; value: unknown } | { ok: false; failure: Failure };

/** The thread is open for jobs, or could not open. */
export type Hello = { ready: true } | { ready: false; failure: Failure };

export function toFailure(error: unknown): Failure {
  if (error instanceof ChainError) return { detail: error.detail };
  return error instanceof Error
    ? { message: error.message, stack: error.stack }
    : { message: String(error), stack: undefined };
}

export function fromFailure(failure: Failure): Error {
  if ('detail' in failure) return new ChainError(failure.detail);
  const cause = new Error(failure.message);
  if (failure.stack !== undefined) cause.stack = failure.stack;
  return new ChainError({ code: 'INTERNAL', message: `a worker thread failed: ${failure.message}` }, { cause });
}
