import type * as executionV1 from './generated/sheaf/execution/v1/execution.ts';
import { refuse, wire } from './wire.ts';

/** What of a run is told. */
export type Tracer =
  /** Every instruction before it runs; `stepsMax` of them, 0: all. */
  | { kind: 'struct'; stack: boolean; storage: boolean; memory: boolean; returnData: boolean; stepsMax: number }
  /** Every message. */
  | { kind: 'call'; onlyTopCall: boolean; withLog: boolean }
  /** Accounts and slots as they were before; with `diffMode` those that changed, before and afterwards. */
  | { kind: 'prestate'; diffMode: boolean };

/** How to trace. */
export interface TraceOptions {
  tracer: Tracer;
  /** 0: the service's maximum. */
  timeoutMs: number;
}

const uint32Max = 2 ** 32 - 1;

export function traceOptionsToWire({ tracer, timeoutMs }: TraceOptions): executionV1.TraceOptions {
  return { tracer: tracerToWire(tracer), timeoutMs };
}

/** @throws ChainError `INVALID_ARGUMENT` naming the field below `field` */
export function traceOptionsFromWire(message: executionV1.TraceOptions | undefined, field: string): TraceOptions {
  const { tracer, timeoutMs } = wire.required(message, field);
  const bound = { min: 0, max: uint32Max };
  return {
    tracer: tracerFromWire(tracer, field),
    timeoutMs: wire.integer(timeoutMs, bound, `${field}.timeoutMs`),
  };
}

function tracerToWire(tracer: Tracer): executionV1.TraceOptions['tracer'] {
  switch (tracer.kind) {
    case 'struct':
      return {
        $case: 'structLogger',
        value: {
          disableStack: !tracer.stack,
          disableStorage: !tracer.storage,
          enableMemory: tracer.memory,
          enableReturnData: tracer.returnData,
          stepsMax: tracer.stepsMax,
        },
      };
    case 'call':
      return { $case: 'callTracer', value: { onlyTopCall: tracer.onlyTopCall, withLog: tracer.withLog } };
    case 'prestate':
      return { $case: 'prestateTracer', value: { diffMode: tracer.diffMode } };
  }
}

function tracerFromWire(tracer: executionV1.TraceOptions['tracer'], field: string): Tracer {
  switch (tracer?.$case) {
    case 'structLogger': {
      const { disableStack, disableStorage, enableMemory, enableReturnData, stepsMax } = tracer.value;
      return {
        kind: 'struct',
        stack: !disableStack,
        storage: !disableStorage,
        memory: enableMemory,
        returnData: enableReturnData,
        stepsMax: wire.integer(stepsMax, { min: 0, max: uint32Max }, `${field}.structLogger.stepsMax`),
      };
    }
    case 'callTracer':
      return { kind: 'call', onlyTopCall: tracer.value.onlyTopCall, withLog: tracer.value.withLog };
    case 'prestateTracer':
      return { kind: 'prestate', diffMode: tracer.value.diffMode };
    case undefined:
      return refuse(`${field}.tracer`, 'is missing');
  }
}
