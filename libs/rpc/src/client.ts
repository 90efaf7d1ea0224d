import type { ChannelCredentials } from '@grpc/grpc-js';
import { Client, credentials } from '@grpc/grpc-js';
import { ChainError, limits } from '@sheaf/primitives';
import type { Logger, Registry } from '@sheaf/service';
import { callStream } from './call-stream.ts';
import { callTwoWay } from './call-two-way.ts';
import { callUnary, type RetryPolicy } from './call-unary.ts';
import type { MethodDefinition, RpcClient, StreamOptions, UnaryOptions } from './methods.ts';
import { callTimer, type CallTimer } from './metrics.ts';
import { readTlsFiles, type TlsFiles } from './tls.ts';

const keepaliveMs = 30_000;
const keepaliveTimeoutMs = 10_000;
/** A peer that was restarted is found again within this time. grpc-js's own is two minutes. */
const reconnectMsMax = 2_000;
const reconnectMsMin = 100;
const retryDefault: RetryPolicy = { attemptsMax: 20, backoffMs: 50, backoffMsMax: 1_000 };

export interface RpcClientOptions {
  /** `host:port`; a name with several addresses is used in turn. */
  address: string;
  tls?: TlsFiles | undefined;
  /** There is none: every unary call says how long it may take. */
  defaultDeadlineMs?: never;
  /** Of idempotent calls that met UNAVAILABLE: attempts in all (20), the first pause (50 ms) and the longest (1 s). */
  retry?: Partial<RetryPolicy> | undefined;
}

export interface RpcClientDependencies {
  log?: Logger | undefined;
  metrics?: Registry | undefined;
}

/** What a call needs to know of its client. */
export interface Caller {
  readonly client: Client;
  readonly address: string;
  readonly timer: CallTimer;
  readonly log: Logger | undefined;
  readonly retry: RetryPolicy;
  isClosed(): boolean;
}

/** A client of one service. Connects at the first call. @throws ChainError `INVALID_ARGUMENT` for an unreadable TLS file */
export function createRpcClient<D extends object>(
  definition: D,
  options: RpcClientOptions,
  deps: RpcClientDependencies,
): RpcClient<D> {
  const client = new Client(options.address, channelCredentials(options.tls), {
    'grpc.max_receive_message_length': limits.grpcMessageBytesMax,
    'grpc.max_send_message_length': limits.grpcMessageBytesMax,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
    'grpc.initial_reconnect_backoff_ms': reconnectMsMin,
    'grpc.max_reconnect_backoff_ms': reconnectMsMax,
    'grpc.enable_retries': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  });
  let closed = false;
  const caller: Caller = {
    client,
    address: options.address,
    timer: callTimer('client', deps.metrics),
    log: deps.log,
    retry: { ...retryDefault, ...options.retry },
    isClosed: () => closed,
  };
  const methods = Object.entries(definition as Record<string, MethodDefinition>).map(([name, method]) => [
    name,
    method.requestStream
      ? (call: StreamOptions = {}) => callTwoWay(caller, method, call)
      : method.responseStream
        ? (request: unknown, call: StreamOptions = {}) => callStream(caller, method, request, call)
        : (request: unknown, call: UnaryOptions) => callUnary(caller, method, name, request, call),
  ]);
  const close = () => {
    closed = true;
    client.close();
  };
  return { ...Object.fromEntries(methods), close } as RpcClient<D>;
}

/** @throws ChainError `UNAVAILABLE` after `close` */
export function assertOpen(caller: Caller): void {
  if (caller.isClosed())
    throw new ChainError({ code: 'UNAVAILABLE', message: `the client of ${caller.address} is closed` });
}

function channelCredentials(files: TlsFiles | undefined): ChannelCredentials {
  if (!files) return credentials.createInsecure();
  const { ca, cert, key } = readTlsFiles(files);
  return credentials.createSsl(ca, key, cert);
}
