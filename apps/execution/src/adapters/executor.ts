import type { BlockExecutor, Caller, Executed, TraceMaker, TransactionTrace } from '../ports.ts';
import type { TraceOptions } from '@sheaf/proto';
import type { CallResult, Witness } from '@sheaf/state-transition';
import type { Metrics } from '../metrics.ts';
import type { Job } from '../workers/messages.ts';
import type { Threads } from './threads.ts';
import type { CallLimits } from '../ports.ts';
import { traceLimits } from '../trace-limits.ts';

/** Blocks in a thread of their own: no call ever holds one up. */
export function createExecutor(threads: Threads): BlockExecutor {
  return {
    execute: async (payload, published) => (await threads.run({ type: 'execute', payload, published })) as Executed,
  };
}

/** Calls with a time limit: the service's for the run, the caller's for the wait. */
export function createCaller(options: { timeoutMs: number }, deps: { threads: Threads; metrics: Metrics }): Caller {
  const run = async (job: Job, { signal, deadlineMs }: Partial<CallLimits> = {}): Promise<unknown> => {
    try {
      const value = await deps.threads.run(job, { runMsMax: options.timeoutMs, deadlineMs, signal });
      deps.metrics.calls.inc({ outcome: 'answered' });
      return value;
    } catch (error) {
      deps.metrics.calls.inc({ outcome: 'failed' });
      throw error;
    }
  };
  return {
    call: async (height, message, limits) => (await run({ type: 'call', height, message }, limits)) as CallResult,
    estimateGas: async (height, message, limits) =>
      (await run({ type: 'estimate', height, message }, limits)) as bigint,
    witness: async (height) => (await run({ type: 'witness', height })) as Witness,
    witnessPart: async (height, codeHashes, limits) =>
      (await run({ type: 'witness-part', height, codeHashes }, limits)) as { part: Uint8Array; codes: number[] },
    snapshotPart: async (height, want, limits) =>
      (await run({ type: 'snapshot-part', height, want }, limits)) as Uint8Array,
  };
}

/** Traces, in threads that are opened when the first one is asked for. */
export function createTraceMaker(deps: { threads(): Promise<Threads>; metrics: Metrics }): TraceMaker {
  const run = async (job: Job, { timeoutMs }: TraceOptions, limits: CallLimits): Promise<unknown> => {
    const { signal, deadlineMs } = limits;
    const runMsMax =
      (timeoutMs === 0 ? traceLimits.runMsMax : Math.min(timeoutMs, traceLimits.runMsMax)) + traceLimits.graceMs;
    const done = deps.metrics.traceSeconds.startTimer();
    try {
      const threads = await deps.threads();
      const value = await threads.run(job, { runMsMax, deadlineMs, signal });
      deps.metrics.traces.inc({ outcome: 'answered' });
      return value;
    } catch (error) {
      deps.metrics.traces.inc({ outcome: 'failed' });
      throw error;
    } finally {
      done();
    }
  };
  return {
    traceBlock: async (height, index, options, limits) =>
      (await run({ type: 'trace-block', height, index, options }, options, limits)) as TransactionTrace[],
    traceCall: async (height, message, options, limits) =>
      (await run({ type: 'trace-call', height, message, options }, options, limits)) as Uint8Array,
  };
}
