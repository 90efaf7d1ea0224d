import type { ServiceError } from '@grpc/grpc-js';
import { isChainError } from '@sheaf/primitives';
import { assertOpen, type Caller } from './client.ts';
import type { MethodDefinition, StreamOptions } from './methods.ts';
import { deadlineAt, givenUp, outgoingMetadata } from './outgoing.ts';
import { fromServiceError } from './status.ts';

/** The items of a server stream, asked for as they are taken; the call begins with the first. @throws ChainError only */
export async function* callStream(
  caller: Caller,
  method: MethodDefinition,
  request: unknown,
  options: StreamOptions,
): AsyncGenerator<unknown, void, undefined> {
  const { signal, deadlineMs } = options;
  assertOpen(caller);
  if (signal?.aborted) throw givenUp(method.path, signal);
  const done = caller.timer.start(method.path);
  const call = caller.client.makeServerStreamRequest(
    method.path,
    method.requestSerialize as (value: unknown) => Buffer,
    (bytes: Buffer) => method.responseDeserialize(bytes),
    request,
    outgoingMetadata(options),
    deadlineMs === undefined ? {} : { deadline: deadlineAt(deadlineMs) },
  );
  const abort = () => call.cancel();
  signal?.addEventListener('abort', abort, { once: true });
  let code = 'OK';
  try {
    for await (const item of call) {
      yield item;
      if (signal?.aborted) throw givenUp(method.path, signal);
    }
  } catch (error) {
    const own = toChainError(error, caller, method, signal);
    code = own.code;
    throw own;
  } finally {
    signal?.removeEventListener('abort', abort);
    // A cancelled call still reports its end; nobody is there to hear it.
    call.on('error', () => {});
    call.cancel();
    done(code);
  }
}

function toChainError(error: unknown, caller: Caller, method: MethodDefinition, signal: AbortSignal | undefined) {
  if (isChainError(error)) return error;
  if (signal?.aborted) return givenUp(method.path, signal);
  return fromServiceError(error as ServiceError, { address: caller.address, method: method.path });
}
