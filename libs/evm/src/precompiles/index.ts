import type { Fork } from '../ports.ts';
import { blake2f } from './blake2f.ts';
import {
  bls12381G1Add,
  bls12381G1Msm,
  bls12381G2Add,
  bls12381G2Msm,
  bls12381MapFp2ToG2,
  bls12381MapFpToG1,
  bls12381Pairing,
} from './bls12-381.ts';
import { bn254Add, bn254Mul, bn254Pairing } from './bn254.ts';
import { ecrecover } from './ecrecover.ts';
import { identity, ripemd160, sha256 } from './hashes.ts';
import { modexp } from './modexp.ts';
import { p256Verify } from './p256-verify.ts';
import { pointEvaluation } from './point-evaluation.ts';
import type { Precompile, PrecompileResult } from './types.ts';

export type { PrecompileResult } from './types.ts';
export { warmPrecompiles, type WarmOptions } from './warm.ts';

/** The precompiled contracts of a fork. Addresses are numbers: their upper 18 bytes are zero. */
export interface Precompiles {
  readonly addresses: readonly number[];
  has(address: number): boolean;
  /**
   * `undefined`: the call fails and all of `gas` is gone. The input is not kept and not changed; the output is fresh.
   * @throws Error before `warmPrecompiles` is done, for the curves; nothing else, whatever the input
   */
  run(address: number, input: Uint8Array, gas: bigint): PrecompileResult | undefined;
}

/** Cheap: nothing is loaded. `warmPrecompiles` has to be awaited before the first `run`. */
export function createPrecompiles(fork: Fork): Precompiles {
  const table = new Map<number, Precompile>([
    [0x01, ecrecover],
    [0x02, sha256],
    [0x03, ripemd160],
    [0x04, identity],
    [0x05, modexp(fork)],
    [0x06, bn254Add],
    [0x07, bn254Mul],
    [0x08, bn254Pairing],
    [0x09, blake2f],
    [0x0a, pointEvaluation],
  ]);
  if (fork !== 'cancun') {
    table.set(0x0b, bls12381G1Add);
    table.set(0x0c, bls12381G1Msm);
    table.set(0x0d, bls12381G2Add);
    table.set(0x0e, bls12381G2Msm);
    table.set(0x0f, bls12381Pairing);
    table.set(0x10, bls12381MapFpToG1);
    table.set(0x11, bls12381MapFp2ToG2);
  }
  if (fork === 'osaka') table.set(0x100, p256Verify);
  return {
    addresses: [...table.keys()],
    has: (address) => table.has(address),
    run: (address, input, gas) => table.get(address)?.(input, gas),
  };
}
