// The precompiled contracts: each file prices one and computes it with the fastest well-kept implementation at hand.
//
// What a gas buys in the worst input found, in Mgas/s, where libsecp256k1 recovers a key in 40 us (measured on a box
// that others were using too: each figure is scaled by that yardstick, so read them as two digits at most; long calls
// were held up most). Below about 20 a precompile is a way to fill a block with too much work for its gas.
//
//   0x01 ecrecover         63   libsecp256k1, native (@noble/curves: 3)
//   0x02 sha256            45   hash-wasm, not scaled; the machine has its own
//   0x03 ripemd160        750   hash-wasm, not scaled
//   0x04 identity         100   not scaled
//   0x05 modexp            30   assembly/precompiles; BigInt alone gives 2 … 9 for operands of up to 64 bytes.
//                               17 for 2 … 3 as exponent of 192 … 256 bytes, and for long exponents of 8 bytes (Cancun,
//                               Prague); Osaka's price makes it 110 and more
//   0x06 bn254 add         37   mcl-wasm (rustbn-wasm, in the same run as mcl: a tenth of it)
//   0x07 bn254 mul         49   mcl-wasm (rustbn-wasm: a fifth)
//   0x08 bn254 pairing     17   mcl-wasm with a faster subgroup check (rustbn-wasm: 4, not scaled, where this gave 12 … 19)
//   0x09 blake2f           28   assembly/precompiles
//   0x0a point evaluation  23   node-eth-kzg, native, not scaled
//   0x0b G1 add            51   mcl-wasm
//   0x0c G1 msm            15   mcl-wasm, subgroup checks by blst, native: 44 for one point, 57 for 8, 15 for 128
//   0x0d G2 add            46   mcl-wasm
//   0x0e G2 msm            15   the same: 40 for one point, 15 for 128
//   0x0f BLS pairing       13   the same
//   0x10 map to G1         31   mcl-wasm
//   0x11 map to G2         31   mcl-wasm
//   0x100 P-256            25   mcl-wasm
//
// The rows below 20 (pairings, many multiplications) are calls of several milliseconds, which the neighbours on the box
// interrupted: they are lower bounds. No prebuilt native package was found that multiplies points that are given to it
// on either pairing curve (@chainsafe/blst signs, verifies and adds).

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
