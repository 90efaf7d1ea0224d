import { Metadata } from '@grpc/grpc-js';
import { ChainError } from '@sheaf/primitives';
import { currentRequest, newRequest, writeRequest } from './request-context.ts';

/** A deadline further away than this is a mistake. */
const deadlineMsMax = 3_600_000;

/** The headers of an outgoing call: request id and trace of the request being answered, or new ones. */
export function outgoingMetadata(options: {
  requestId?: string | undefined;
  waitForReady?: boolean | undefined;
}): Metadata {
  const metadata = new Metadata({ waitForReady: options.waitForReady ?? false });
  const request = currentRequest() ?? newRequest();
  writeRequest(metadata, options.requestId === undefined ? request : { ...request, requestId: options.requestId });
  return metadata;
}

/**
 * When the call must be over, in Unix milliseconds: `deadlineMs` from now, or earlier when the request being answered has less left.
 * @throws ChainError `INVALID_ARGUMENT` unless 0 < deadlineMs <= 1 hour
 */
export function deadlineAt(deadlineMs: number): number {
  if (!(deadlineMs > 0 && deadlineMs <= deadlineMsMax)) {
    throw new ChainError({
      code: 'INVALID_ARGUMENT',
      field: 'deadlineMs',
      message: `deadlineMs must be above 0 and at most ${deadlineMsMax}, got ${deadlineMs}`,
    });
  }
  return Math.min(Date.now() + deadlineMs, currentRequest()?.deadlineAt ?? Infinity);
}

/** The caller's own signal ended the call. */
export function givenUp(method: string, signal: AbortSignal): ChainError {
  return new ChainError({ code: 'DEADLINE', message: `${method}: the caller gave up` }, { cause: signal.reason });
}
