import type { Handlers, MethodDefinition } from './methods.ts';

/** A service definition with the functions that answer it, for createRpcServer. */
export interface ServiceImplementation {
  readonly definition: Readonly<Record<string, MethodDefinition>>;
  readonly handlers: Readonly<Record<string, (request: never, call: never) => unknown>>;
}

/** Binds handlers to a ts-proto service definition (`XxxServiceService`). Every method must have one. */
export function implement<D extends object>(definition: D, handlers: Handlers<D>): ServiceImplementation {
  return { definition, handlers } as unknown as ServiceImplementation;
}
