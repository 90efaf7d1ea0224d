export { createRpcClient, type RpcClientDependencies, type RpcClientOptions } from './client.ts';
export { implement, type ServiceImplementation } from './implement.ts';
export type { CallContext, Handlers, RpcClient, StreamOptions, UnaryOptions } from './methods.ts';
export { currentRequest, newRequest, withoutRequest, withRequest, type RequestContext } from './request-context.ts';
export { createRpcServer, type RpcServer, type RpcServerDependencies, type RpcServerOptions } from './server.ts';
export type { StreamListener, TwoWayStream } from './two-way-stream.ts';
export { tlsFiles, type TlsFiles } from './tls.ts';
