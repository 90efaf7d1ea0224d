import type { Tracer } from '@sheaf/proto';
import { createCallTracer } from './call-tracer.ts';
import { createPrestateTracer } from './prestate-tracer.ts';
import { createStructLogger } from './struct-logger.ts';
import type { TraceBudget } from './trace-budget.ts';
import type { RunTracer, TraceSubject } from './tracer.ts';

/** Of one run. */
export function createTracer(tracer: Tracer, subject: TraceSubject, budget: TraceBudget): RunTracer {
  switch (tracer.kind) {
    case 'struct':
      return createStructLogger(tracer, budget);
    case 'call':
      return createCallTracer(tracer, subject, budget);
    case 'prestate':
      return createPrestateTracer(tracer, subject, budget);
  }
}
