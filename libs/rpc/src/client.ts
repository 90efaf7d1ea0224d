import type { Logger, Registry } from '@sheaf/service';
import type { RpcClient } from './methods.ts';
import type { TlsFiles } from './tls.ts';

export interface RpcClientOptions {
  /** `host:port`. */
  address: string;
  tls?: TlsFiles | undefined;
  /** There is none: every unary call says how long it may take. */
  defaultDeadlineMs?: never;
  retry?: { attemptsMax?: number; backoffMs?: number; backoffMsMax?: number } | undefined;
}

export interface RpcClientDependencies {
  log?: Logger | undefined;
  metrics?: Registry | undefined;
}

export declare function createRpcClient<D extends object>(
  definition: D,
  options: RpcClientOptions,
  deps: RpcClientDependencies,
): RpcClient<D>;
