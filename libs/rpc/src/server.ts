import {
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ChainError, limits } from '@sheaf/primitives';
import { reflectionImage } from '@sheaf/proto';
import type { Logger, Registry } from '@sheaf/service';
import { handleCall, tolerantDefinition, type Handler } from './handle-call.ts';
import { createHealth } from './health.ts';
import type { ServiceImplementation } from './implement.ts';
import { callTimer } from './metrics.ts';
import { addReflection } from './reflection.ts';
import { readTlsFiles, type TlsFiles } from './tls.ts';

const graceMsDefault = 3_000;
const connectionAgeMsMax = 300_000;
const connectionAgeGraceMs = 60_000;
const keepaliveMs = 30_000;
const keepaliveTimeoutMs = 10_000;
const concurrentStreamsMax = 1_000;

export interface RpcServer {
  /** Listens. @returns the bound port. @throws ChainError `UNAVAILABLE` whose cause is the listen error (`EADDRINUSE`, with port and address) */
  start(): Promise<number>;
  /** Takes no more calls; those under way may finish within the grace, then they are cut off. Idempotent. */
  stop(): Promise<void>;
}

export interface RpcServerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Mutual TLS: callers without a certificate of the authority are refused. */
  tls?: TlsFiles | undefined;
  /** How long calls under way may take at a stop. Default 3 s. */
  graceMs?: number | undefined;
}

export interface RpcServerDependencies {
  log: Logger;
  metrics: Registry;
  services: readonly ServiceImplementation[];
  /** A FileDescriptorSet with every served file (`buf build -o image.binpb`). Default: Sheaf's own protos. */
  reflection?: { image: Uint8Array } | undefined;
}

/** A gRPC server with grpc.health.v1 and grpc.reflection.v1. Client streams with one answer are not served. */
export function createRpcServer(options: RpcServerOptions, deps: RpcServerDependencies): RpcServer {
  // grpc-js would write a failed bind to stderr a second time; every error reaches a caller or our log.
  setLogVerbosity(logVerbosity.NONE);
  const server = new Server({
    'grpc.max_receive_message_length': limits.grpcMessageBytesMax,
    'grpc.max_send_message_length': limits.grpcMessageBytesMax,
    'grpc.max_concurrent_streams': concurrentStreamsMax,
    ...(!deps.services.some(hasTwoWay) && {
      'grpc.max_connection_age_ms': connectionAgeMsMax,
      'grpc.max_connection_age_grace_ms': connectionAgeGraceMs,
    }),
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
  });
  const timer = callTimer('server', deps.metrics);
  const names = deps.services.map((service) => addService(server, service, { log: deps.log, timer }));
  const health = createHealth(names);
  health.addTo(server);
  addReflection(server, deps.reflection?.image ?? reflectionImage, names);
  let stopping: Promise<void> | undefined;
  return {
    async start() {
      const port = await bind(server, options);
      health.setServing(true);
      return port;
    },
    stop() {
      health.setServing(false);
      return (stopping ??= shutDown(server, options.graceMs ?? graceMsDefault));
    },
  };
}

/** Its streams live as long as both sides do: a connection's age must not cut them. */
function hasTwoWay({ definition }: ServiceImplementation): boolean {
  return Object.values(definition).some(({ requestStream, responseStream }) => requestStream && responseStream);
}

function addService(server: Server, service: ServiceImplementation, deps: Parameters<typeof handleCall>[2]): string {
  const methods = Object.entries(service.definition);
  const handlers: UntypedServiceImplementation = {};
  for (const [name, method] of methods)
    handlers[name] = handleCall(method, service.handlers[name] as unknown as Handler, deps);
  server.addService(Object.fromEntries(methods.map(([name, method]) => [name, tolerantDefinition(method)])), handlers);
  return methods[0]![1].path.split('/')[1]!;
}

function bind(server: Server, options: RpcServerOptions): Promise<number> {
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${options.port}`, serverCredentials(options.tls), (error, port) => {
      if (error) reject(listenError(error, options));
      else resolve(port);
    });
  });
}

function serverCredentials(files: TlsFiles | undefined): ServerCredentials {
  if (!files) return ServerCredentials.createInsecure();
  const { ca, cert, key } = readTlsFiles(files);
  return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true);
}

/** grpc-js folds the listen error into its text; here it becomes a system error again, for whoever explains it. */
function listenError(error: Error, { host, port }: RpcServerOptions): ChainError {
  const code = /\b(EADDRINUSE|EACCES|EADDRNOTAVAIL)\b/.exec(error.message)?.[1];
  const cause =
    code === undefined
      ? error
      : Object.assign(new Error(error.message), { code, port, address: host, syscall: 'listen' });
  return new ChainError(
    { code: 'UNAVAILABLE', message: `cannot listen on port ${port} of ${host}: ${code ?? error.message}` },
    { cause },
  );
}

async function shutDown(server: Server, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
    new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs))),
  ]);
  clearTimeout(timer);
  server.forceShutdown();
}
