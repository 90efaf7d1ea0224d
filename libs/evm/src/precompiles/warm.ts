import { warmHashes } from './hashes.ts';
import { loadMcl, type Mcl } from './mcl.ts';
import { warmPointEvaluation } from './point-evaluation.ts';

interface Curves {
  bn254: Mcl;
  bls12381: Mcl;
  p256: Mcl;
}

let curves: Curves | undefined;
let curvesLoading: Promise<void> | undefined;

export interface WarmOptions {
  /**
   * Also load the trusted setup of point evaluation (the default), which takes seconds of this thread. Without, the
   * first call of 0x0a does so.
   */
  pointEvaluation?: boolean;
}

/**
 * The curves, the hashes and the trusted setup are in memory afterwards. To be awaited before anything is executed, in
 * each thread that executes; again is nothing. Idempotent.
 */
export async function warmPrecompiles({ pointEvaluation = true }: WarmOptions = {}): Promise<void> {
  curvesLoading ??= loadCurves();
  await Promise.all([curvesLoading, warmHashes()]);
  if (pointEvaluation) warmPointEvaluation();
}

async function loadCurves(): Promise<void> {
  const [bn254, bls12381, p256] = await Promise.all([loadMcl('bn254'), loadMcl('bls12381'), loadMcl('p256')]);
  curves = { bn254, bls12381, p256 };
}

/**
 * @throws Error before `warmPrecompiles` is done: a bug of the process, which must not look like a failed call, on
 * which others would not agree
 */
export function warmed(): Curves {
  if (!curves) throw new Error('precompiles are used before warmPrecompiles() was awaited');
  return curves;
}
