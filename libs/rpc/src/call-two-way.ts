import type { ServiceError } from '@grpc/grpc-js';
import { isChainError, type ChainError } from '@sheaf/primitives';
import { assertOpen, type Caller } from './client.ts';
import { tolerant } from './decoded.ts';
import type { MethodDefinition, StreamOptions } from './methods.ts';
import { deadlineAt, givenUp, outgoingMetadata } from './outgoing.ts';
import { fromServiceError } from './status.ts';
import { openTwoWay, type TwoWayStream } from './two-way-stream.ts';

/** A stream both ways, begun at once: a peer that is down is told as its end. @throws ChainError `UNAVAILABLE` after `close` */
export function callTwoWay(
  caller: Caller,
  method: MethodDefinition,
  options: StreamOptions,
): TwoWayStream<unknown, unknown> {
  const { signal, deadlineMs } = options;
  assertOpen(caller);
  if (signal?.aborted) throw givenUp(method.path, signal);
  const done = caller.timer.start(method.path);
  const call = caller.client.makeBidiStreamRequest(
    method.path,
    method.requestSerialize as (value: unknown) => Buffer,
    tolerant((bytes) => method.responseDeserialize(bytes)),
    outgoingMetadata(options),
    deadlineMs === undefined ? {} : { deadline: deadlineAt(deadlineMs) },
  );
  const abort = () => ended(givenUp(method.path, signal!));
  const { stream, ended } = openTwoWay(call, {
    what: 'response',
    close(error) {
      signal?.removeEventListener('abort', abort);
      call.cancel();
      if (error !== undefined && !isChainError(error))
        caller.log?.error({ err: error, method: method.path, address: caller.address }, 'a stream failed here');
      done(error === undefined ? 'OK' : isChainError(error) ? error.code : 'INTERNAL');
    },
  });
  call.on('error', (error: ServiceError | ChainError) => {
    const own = isChainError(error) ? error : fromServiceError(error, { address: caller.address, method: method.path });
    ended(own);
  });
  signal?.addEventListener('abort', abort, { once: true });
  return stream;
}
