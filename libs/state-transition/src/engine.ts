import type { ChainSpec } from '@sheaf/protocol';
import type { ExecutionEngine } from './ports.ts';

/** The engine over `@ethereumjs/vm` under the chain's fork and chain id. */
export function createEngine(_spec: ChainSpec): ExecutionEngine {
  throw new Error('not yet');
}
