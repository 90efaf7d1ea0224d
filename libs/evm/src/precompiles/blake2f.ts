import { arithmetic } from './arithmetic.ts';
import { pricedBy, type Precompile } from './types.ts';

const inputBytes = 213;

/** 0x09: BLAKE2b's compression function (EIP-152), a gas for each round. */
export const blake2f: Precompile = pricedBy(
  (input) => (input.length === inputBytes ? BigInt(roundsOf(input)) : undefined),
  (input) => {
    const final = input[212]!;
    if (final > 1) return undefined;
    const { wasm, scratch, address } = arithmetic();
    scratch.set(input.subarray(4, 212));
    wasm.blake2f(address, roundsOf(input), final);
    return scratch.slice(0, 64);
  },
);

function roundsOf(input: Uint8Array): number {
  return ((input[0]! << 24) | (input[1]! << 16) | (input[2]! << 8) | input[3]!) >>> 0;
}
