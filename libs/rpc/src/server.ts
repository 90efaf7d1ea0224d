import type { Logger, Registry } from '@sheaf/service';
import type { ServiceImplementation } from './implement.ts';
import type { TlsFiles } from './tls.ts';

export interface RpcServer {
  /** Listens. @returns the bound port. */
  start(): Promise<number>;
  stop(): Promise<void>;
}

export interface RpcServerOptions {
  host: string;
  port: number;
  tls?: TlsFiles | undefined;
  graceMs?: number | undefined;
}

export interface RpcServerDependencies {
  log: Logger;
  metrics: Registry;
  services: readonly ServiceImplementation[];
  reflection?: { image: Uint8Array } | undefined;
}

export declare function createRpcServer(options: RpcServerOptions, deps: RpcServerDependencies): RpcServer;
