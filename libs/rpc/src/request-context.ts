import type { Metadata } from '@grpc/grpc-js';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes, randomUUID } from 'node:crypto';

/** What travels with a request through the services. */
export interface RequestContext {
  readonly requestId: string;
  /** W3C trace id, 32 hex digits. */
  readonly traceId: string;
  /** W3C trace flags, 2 hex digits. */
  readonly traceFlags: string;
  /** Unix milliseconds by which the caller wants its answer; undefined for none, and once it is answered. */
  deadlineAt: number | undefined;
}

const storage = new AsyncLocalStorage<RequestContext | undefined>();
const requestIdPattern = /^[A-Za-z0-9._:-]{1,128}$/;
const traceparentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/** The request being answered here, undefined outside of any. For log records. */
export function currentRequest(): Readonly<RequestContext> | undefined {
  return storage.getStore();
}

/** Runs `run` as part of a request: calls made inside carry its id, trace and what is left of its deadline. */
export function withRequest<T>(context: RequestContext, run: () => T): T {
  return storage.run(context, run);
}

/** Runs `run` outside of any request: for background work that happens to be started by one. */
export function withoutRequest<T>(run: () => T): T {
  return storage.run(undefined, run);
}

/** A request as its headers describe it; what is missing or malformed is made anew. */
export function newRequest(
  headers: { requestId?: string | undefined; traceparent?: string | undefined } = {},
): RequestContext {
  const { requestId, traceparent } = headers;
  const trace = traceparent === undefined ? null : traceparentPattern.exec(traceparent);
  return {
    requestId: requestId !== undefined && requestIdPattern.test(requestId) ? requestId : randomUUID(),
    traceId: trace?.[1] ?? randomBytes(16).toString('hex'),
    traceFlags: trace?.[2] ?? '00',
    deadlineAt: undefined,
  };
}

export function readRequest(metadata: Metadata): RequestContext {
  const text = (key: string) => metadata.get(key)[0]?.toString();
  return newRequest({ requestId: text('x-request-id'), traceparent: text('traceparent') });
}

/** Writes the headers of an outgoing call: the request's id and trace, with a span of its own. */
export function writeRequest(metadata: Metadata, request: RequestContext): void {
  metadata.set('x-request-id', request.requestId);
  metadata.set('traceparent', `00-${request.traceId}-${randomBytes(8).toString('hex')}-${request.traceFlags}`);
}
