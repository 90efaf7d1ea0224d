import { createEvm, warmPrecompiles, type EngineMode } from '@sheaf/evm';
import type { ChainSpec } from '@sheaf/protocol';
import { call } from './call.ts';
import { estimateGas } from './estimate-gas.ts';
import { executePayload } from './execute-payload.ts';
import { createForkRules } from './fork-rules.ts';
import type { ExecutionEngine } from './ports.ts';

export interface EngineOptions {
  /** By default code is interpreted until it is hot, and compiled then. */
  mode?: EngineMode;
}

/** An engine that can be made ready before it is needed. */
export interface WarmableEngine extends ExecutionEngine {
  /**
   * Afterwards no execution waits for the precompiles' mathematics. They take 0.4 s of CPU, which the first execution
   * spends otherwise; point evaluation (0x0a) 2.5 s more of this thread, which its first call spends otherwise.
   */
  warmUp(options: { pointEvaluation: boolean }): Promise<void>;
}

/** Code bytes compiled after one block or call: some tens of milliseconds, which a block that comes meanwhile waits for. */
const compileBytesMax = 32_768;

/**
 * The engine under the chain's fork and chain id. It keeps codes that it has seen between calls, as they are and
 * compiled; what it answers does not depend on them.
 */
export function createEngine(spec: ChainSpec, options: EngineOptions = {}): WarmableEngine {
  const rules = createForkRules(spec);
  const evm = createEvm({ fork: spec.fork, chainId: spec.chainId, ...options });
  const withEngine = async <T>(run: () => T): Promise<T> => {
    await warmPrecompiles({ pointEvaluation: false });
    const result = run();
    compileSoon();
    return result;
  };
  let compiling = false;
  // After the answer has gone out: whoever waits for a block does not wait for the next one's compiling.
  const compileSoon = () => {
    if (compiling) return;
    compiling = true;
    setTimeout(() => {
      compiling = false;
      if (evm.compilePending(compileBytesMax) > 0) compileSoon();
    }, 0);
  };
  return {
    executePayload: (input, state) => withEngine(() => executePayload(evm, rules, input, state)),
    call: (input, state) => withEngine(() => call(evm, rules, input, state)),
    estimateGas: (input, state) => withEngine(() => estimateGas(evm, rules, input, state)),
    warmUp: (warmth) => warmPrecompiles(warmth),
  };
}
