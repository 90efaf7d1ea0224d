import type {
  handleServerStreamingCall,
  handleUnaryCall,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { ChainError, isChainError } from '@sheaf/primitives';
import type { Logger } from '@sheaf/service';
import { openScope, type Decoded } from './call-scope.ts';
import type { CallContext, MethodDefinition } from './methods.ts';
import type { CallTimer } from './metrics.ts';

export type Handler = (request: unknown, call: CallContext) => unknown;

/** The definition that grpc-js is given: request bytes that cannot be decoded reach the handler's scope, not grpc-js. */
export function tolerantDefinition(method: MethodDefinition) {
  return {
    ...method,
    requestSerialize: (value: unknown) => method.requestSerialize(value as never),
    responseSerialize: (value: unknown) => method.responseSerialize(value as never),
    requestDeserialize(bytes: Buffer): Decoded {
      try {
        return { ok: true, value: method.requestDeserialize(bytes) };
      } catch (error) {
        return { ok: false, error };
      }
    },
  };
}

export function handleCall(
  method: MethodDefinition,
  handler: Handler,
  deps: { log: Logger; timer: CallTimer },
): UntypedHandleCall {
  return method.responseStream ? streamCall(handler, deps) : unaryCall(handler, deps);
}

function unaryCall(handler: Handler, deps: { log: Logger; timer: CallTimer }): handleUnaryCall<Decoded, unknown> {
  return (call, callback) => {
    const scope = openScope(call, deps);
    const answer = async () => handler(accept(call.request), scope.context);
    scope.run(answer).then(
      (response) => {
        scope.succeeded();
        callback(null, response);
      },
      (error: unknown) => callback(scope.failed(error)),
    );
  };
}

function streamCall(
  handler: Handler,
  deps: { log: Logger; timer: CallTimer },
): handleServerStreamingCall<Decoded, unknown> {
  return (call) => {
    const scope = openScope(call, deps);
    const answer = async () =>
      writeAll(call, handler(accept(call.request), scope.context) as AsyncIterable<unknown>, scope.context.signal);
    scope.run(answer).then(
      () => {
        scope.succeeded();
        call.end();
      },
      (error: unknown) => void call.emit('error', scope.failed(error)),
    );
  };
}

/** Each item is asked for when the one before has left; on abort the producer is told to return, and not waited for. */
async function writeAll(
  call: ServerWritableStream<Decoded, unknown>,
  items: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  const aborted = whenAborted(signal);
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next.done === true) return;
      if (!call.write(next.value)) await Promise.race([drained(call), aborted.promise]);
    }
  } catch (error) {
    void Promise.resolve(iterator.return?.()).catch(() => {});
    throw error;
  } finally {
    aborted.forget();
  }
}

function drained(call: ServerWritableStream<Decoded, unknown>): Promise<void> {
  return new Promise((resolve) => void call.once('drain', resolve));
}

function whenAborted(signal: AbortSignal): { promise: Promise<never>; forget(): void } {
  let forget = () => {};
  const promise = new Promise<never>((_, reject) => {
    const stop = () => reject(new ChainError({ code: 'DEADLINE', message: 'the caller is gone' }));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    forget = () => signal.removeEventListener('abort', stop);
  });
  promise.catch(() => {});
  return { promise, forget };
}

function accept(request: Decoded): unknown {
  if (request.ok) return request.value;
  if (isChainError(request.error)) throw request.error;
  throw new ChainError(
    { code: 'INVALID_ARGUMENT', field: 'request', message: 'request is not a message of this method' },
    { cause: request.error },
  );
}
