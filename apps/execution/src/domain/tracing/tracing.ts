import { createEvm, warmPrecompiles } from '@sheaf/evm';
import { ChainError } from '@sheaf/primitives';
import type { TraceOptions } from '@sheaf/proto';
import type { ChainSpec } from '@sheaf/protocol';
import { createForkRules, type CallInput, type CallResult } from '@sheaf/state-transition';
import type { TransactionTrace } from '../../ports.ts';
import type { TraceLimits } from '../../trace-limits.ts';
import { traceBlock, type TraceBlockInput, type TraceSource } from './trace-block.ts';
import { TraceBudget } from './trace-budget.ts';
import { traceCall } from './trace-call.ts';

/** Traces, one at a time. What `budget` has left, all tries at one trace share. */
export interface Tracing {
  budget(options: TraceOptions): TraceBudget;
  block(input: TraceBlockInput, source: TraceSource, budget: TraceBudget): Promise<TransactionTrace[]>;
  call(
    input: CallInput & { options: TraceOptions },
    source: TraceSource,
    expected: CallResult,
    budget: TraceBudget,
  ): Promise<Uint8Array>;
}

export async function openTracing(spec: ChainSpec, limits: TraceLimits): Promise<Tracing> {
  await warmPrecompiles({ pointEvaluation: false });
  const rules = createForkRules(spec);
  const evm = createEvm({ fork: spec.fork, chainId: spec.chainId });
  const checked = (bytes: number): void => {
    if (bytes <= limits.answerBytesMax) return;
    const message = `the trace has more than ${limits.answerBytesMax} bytes`;
    throw new ChainError({ code: 'LIMIT', message, retryAfterMs: 0 });
  };
  return {
    budget: ({ timeoutMs }) => new TraceBudget(limits, timeoutMs),
    async block(input, source, budget) {
      const traces = await traceBlock({ evm, rules, budget }, input, source);
      checked(traces.reduce((sum, { json }) => sum + json.length, 0));
      return traces;
    },
    async call(input, source, expected, budget) {
      const json = await traceCall({ rules, budget }, input, source, expected);
      checked(json.length);
      return json;
    },
  };
}
