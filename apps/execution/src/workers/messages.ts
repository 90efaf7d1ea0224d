import { ChainError, type ChainErrorDetail, type Hash32, type Height } from '@sheaf/primitives';
import type { TraceOptions } from '@sheaf/proto';
import type { ChainSpec } from '@sheaf/protocol';
import type { TlsFiles } from '@sheaf/rpc';
import type { CallMessage } from '@sheaf/state-transition';
import type { Executed, HashedPayload, LanePart } from '../ports.ts';

/** What a thread of this service is started with. */
export interface WorkerSetup {
  kind: 'execution';
  /** Whether this is the thread that executes and commits blocks; the others read. */
  commits: boolean;
  dataDir: string;
  /** Which member of a lane of how many it is; one of one has no lane. */
  member: number;
  members: number;
  /** Where the members are, for a thread that reads what others have. */
  lane?: { addresses: readonly string[]; tls?: TlsFiles | undefined } | undefined;
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
  | { type: 'witness'; height: Height }
  | { type: 'witness-part'; height: Height; codeHashes: readonly Hash32[] }
  | { type: 'snapshot-part'; height: Height; want: Uint8Array }
  | { type: 'trace-block'; height: Height; index: number | undefined; options: TraceOptions }
  | { type: 'trace-call'; height: Height; message: CallMessage; options: TraceOptions };

/** What the lane's thread is told. */
export type LaneOrder =
  /** Execute the payload after the head; at the coordinator the attempt has a name. */
  | {
      type: 'begin';
      payload: HashedPayload;
      published: bigint;
      attempt: { session: number; attempt: number; salt: number };
    }
  /** Nothing of the attempt counts any more: a member of the lane is lost. */
  | { type: 'abandon' }
  | { type: 'message'; from: number; body: Uint8Array }
  /** Follow over the height after the head by what it did to the own accounts. */
  | { type: 'apply'; part: LanePart };

/** What the member did for a block; `rounds`: of the whole lane, known to the coordinator. */
export interface LaneShare {
  rounds: number;
  transactionsRun: number;
  remoteReads: number;
}

/** What it says. */
export type LaneWord =
  | { type: 'send'; to: number; body: Uint8Array }
  | { type: 'executed'; executed: Executed; figures: LaneShare | undefined }
  /** The block at hand failed, or the message from a member; the attempt is abandoned. */
  | { type: 'failed'; failure: Failure; from: number | undefined };

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
