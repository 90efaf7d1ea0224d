import type { ChainSpec } from '@sheaf/protocol';
import { call } from './call.ts';
import { estimateGas } from './estimate-gas.ts';
import { executePayload } from './execute-payload.ts';
import type { ExecutionEngine } from './ports.ts';
import { createRules } from './rules.ts';

/** The engine over `@ethereumjs/vm` under the chain's fork and chain id. Keeps nothing between calls. */
export function createEngine(spec: ChainSpec): ExecutionEngine {
  const rules = createRules(spec);
  return {
    executePayload: (input, state) => executePayload(rules, input, state),
    call: (input, state) => call(rules, input, state),
    estimateGas: (input, state) => estimateGas(rules, input, state),
  };
}
