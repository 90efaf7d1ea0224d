import { status, type Metadata, type ServerUnaryCall } from '@grpc/grpc-js';
import { isChainError } from '@sheaf/primitives';
import type { Logger } from '@sheaf/service';
import type { Decoded } from './decoded.ts';
import type { CallContext } from './methods.ts';
import type { CallTimer } from './metrics.ts';
import { readRequest, withRequest, type RequestContext } from './request-context.ts';
import { toStatus, type StatusObject } from './status.ts';

/** What every kind of call has. */
export type ServerCall = Pick<ServerUnaryCall<Decoded, unknown>, 'metadata' | 'getPath' | 'getPeer' | 'getDeadline'> & {
  on(event: 'cancelled', listener: () => void): unknown;
};

/** One call from its arrival to its status. */
export interface CallScope {
  readonly context: CallContext;
  run<T>(body: () => T): T;
  /** Counts the call and ends what hangs on it. @returns the status for a failure */
  succeeded(): void;
  failed(error: unknown): StatusObject;
}

export function openScope(call: ServerCall, deps: { log: Logger; timer: CallTimer }): CallScope {
  const request = readRequest(call.metadata as Metadata);
  const method = call.getPath();
  request.deadlineAt = deadlineAt(call);
  const done = deps.timer.start(method);
  const abort = new AbortController();
  call.on('cancelled', () => abort.abort());
  const end = (code: string) => {
    request.deadlineAt = undefined;
    done(code);
  };
  return {
    context: callContext(call, request, abort.signal),
    run: (body) => withRequest(request, body),
    succeeded: () => end('OK'),
    failed(error) {
      const failure = toStatus(error);
      const code = isChainError(error) ? error.code : 'INTERNAL';
      const record = { err: error, method, requestId: request.requestId, traceId: request.traceId };
      const isOurs = failure.code === status.INTERNAL || failure.code === status.DATA_LOSS;
      if (isOurs && !abort.signal.aborted) deps.log.error(record, 'call failed');
      else deps.log.debug(record, 'call refused');
      end(code);
      return failure;
    },
  };
}

function callContext(call: ServerCall, request: RequestContext, signal: AbortSignal): CallContext {
  const at = request.deadlineAt;
  return {
    signal,
    requestId: request.requestId,
    get deadlineMs() {
      return at === undefined ? undefined : Math.max(0, at - Date.now());
    },
    peer: call.getPeer(),
    method: call.getPath(),
  };
}

function deadlineAt(call: ServerCall): number | undefined {
  const at = Number(call.getDeadline());
  return Number.isFinite(at) ? at : undefined;
}
