import type { TwoWayStream } from './two-way-stream.ts';

/** One method of a ts-proto service definition. */
export interface MethodDefinition {
  path: string;
  requestStream: boolean;
  responseStream: boolean;
  requestSerialize(value: never): Buffer;
  requestDeserialize(bytes: Buffer): unknown;
  responseSerialize(value: never): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
}

type Unary = { requestStream: false; responseStream: false };
type ServerStream = { requestStream: false; responseStream: true };
type TwoWay = { requestStream: true; responseStream: true };
type RequestOf<M> = M extends { requestDeserialize(bytes: Buffer): infer Request } ? Request : never;
type ResponseOf<M> = M extends { responseDeserialize(bytes: Buffer): infer Response } ? Response : never;

/** What a handler knows of the call that it answers. */
export interface CallContext {
  /** Aborts when the caller gave up, its deadline passed, its connection broke, or the server stopped hard. */
  readonly signal: AbortSignal;
  /** The caller's `x-request-id`, or one made here. */
  readonly requestId: string;
  /** What is left of the caller's deadline now, not below 0; undefined when it has none. Milliseconds. */
  readonly deadlineMs: number | undefined;
  /** Address of the caller. */
  readonly peer: string;
  /** `/package.Service/Method`. */
  readonly method: string;
}

/**
 * One function a method. A ChainError that it throws reaches the caller as it is; anything else is logged and reaches the
 * caller as INTERNAL without its message. A stream's next item is asked for only when the one before was taken. A two-way
 * stream is given over: its handler says `listen` before it returns.
 */
export type Handlers<D> = {
  [K in keyof D]: D[K] extends Unary
    ? (request: RequestOf<D[K]>, call: CallContext) => Promise<ResponseOf<D[K]>>
    : D[K] extends ServerStream
      ? (request: RequestOf<D[K]>, call: CallContext) => AsyncIterable<ResponseOf<D[K]>>
      : D[K] extends TwoWay
        ? (stream: TwoWayStream<RequestOf<D[K]>, ResponseOf<D[K]>>, call: CallContext) => void
        : never;
};

export interface UnaryOptions {
  /** Time for the whole call, retries included; less when the call that is being answered has less left. Above 0. */
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** Default: that of the call being answered, else a new one. */
  requestId?: string | undefined;
  /** May be sent twice: UNAVAILABLE is retried within the deadline. Default: true for names that start with get or list. */
  idempotent?: boolean | undefined;
  /** Wait within the deadline for a peer that is down, and fail with DEADLINE instead of UNAVAILABLE. Default false. */
  waitForReady?: boolean | undefined;
}

export interface StreamOptions {
  /** Ends the stream; the iteration then throws DEADLINE. Leaving the loop ends the stream too. */
  signal?: AbortSignal | undefined;
  requestId?: string | undefined;
  /** Time for the whole stream. Default: none. */
  deadlineMs?: number | undefined;
  waitForReady?: boolean | undefined;
}

/**
 * One function a method. They fail with ChainError only: the server's own, UNAVAILABLE when the peer is down, DEADLINE when
 * the time is up or the signal aborted. A stream reads ahead of its consumer by a few messages at most.
 */
export type RpcClient<D> = {
  [K in keyof D]: D[K] extends Unary
    ? (request: RequestOf<D[K]>, options: UnaryOptions) => Promise<ResponseOf<D[K]>>
    : D[K] extends ServerStream
      ? (request: RequestOf<D[K]>, options?: StreamOptions) => AsyncIterable<ResponseOf<D[K]>>
      : D[K] extends TwoWay
        ? (options?: StreamOptions) => TwoWayStream<ResponseOf<D[K]>, RequestOf<D[K]>>
        : never;
} & {
  /** Takes no more calls; those under way may finish. */
  close(): void;
};
