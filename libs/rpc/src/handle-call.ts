import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { ChainError } from '@sheaf/primitives';
import type { Logger } from '@sheaf/service';
import { openScope } from './call-scope.ts';
import { accept, tolerant, type Decoded } from './decoded.ts';
import type { CallContext, MethodDefinition } from './methods.ts';
import type { CallTimer } from './metrics.ts';
import { openTwoWay } from './two-way-stream.ts';

export type Handler = (request: unknown, call: CallContext) => unknown;

/** The definition that grpc-js is given: request bytes that cannot be decoded reach the handler's scope, not grpc-js. */
export function tolerantDefinition(method: MethodDefinition) {
  return {
    ...method,
    requestSerialize: (value: unknown) => method.requestSerialize(value as never),
    responseSerialize: (value: unknown) => method.responseSerialize(value as never),
    requestDeserialize: tolerant((bytes) => method.requestDeserialize(bytes)),
  };
}

export function handleCall(
  method: MethodDefinition,
  handler: Handler,
  deps: { log: Logger; timer: CallTimer },
): UntypedHandleCall {
  if (method.requestStream) return twoWayCall(handler, deps);
  return method.responseStream ? streamCall(handler, deps) : unaryCall(handler, deps);
}

function unaryCall(handler: Handler, deps: { log: Logger; timer: CallTimer }): handleUnaryCall<Decoded, unknown> {
  return (call, callback) => {
    const scope = openScope(call, deps);
    const answer = async () => handler(accept(call.request, 'request'), scope.context);
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
      writeAll(
        call,
        handler(accept(call.request, 'request'), scope.context) as AsyncIterable<unknown>,
        scope.context.signal,
      );
    scope.run(answer).then(
      () => {
        scope.succeeded();
        call.end();
      },
      (error: unknown) => void call.emit('error', scope.failed(error)),
    );
  };
}

function twoWayCall(
  handler: Handler,
  deps: { log: Logger; timer: CallTimer },
): handleBidiStreamingCall<Decoded, unknown> {
  return (call) => {
    const scope = openScope(call, deps);
    const close = (error: unknown) => {
      if (error !== undefined) return void call.emit('error', scope.failed(error));
      scope.succeeded();
      call.end();
    };
    const { stream, ended } = openTwoWay(call, { what: 'request', close });
    call.on('cancelled', () => ended(undefined));
    try {
      scope.run(() => handler(stream, scope.context));
    } catch (error) {
      stream.end(error);
    }
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
