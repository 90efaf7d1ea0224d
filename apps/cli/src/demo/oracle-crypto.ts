import type { CustomCrypto } from '@ethereumjs/common';
import { createKeccak } from 'hash-wasm';
import { ecdsaRecover } from 'secp256k1';

/**
 * keccak-256 in WASM and libsecp256k1 for @ethereumjs, whose own JavaScript ones take most of the time of a replay. Neither
 * is the code that the services run: nothing of @sheaf is in the oracle.
 */
export async function oracleCrypto(): Promise<CustomCrypto> {
  const keccak = await createKeccak(256);
  return {
    keccak256: (data) => keccak.init().update(data).digest('binary'),
    ecrecover: (digest, v, r, s, chainId) => {
      const signature = new Uint8Array(64);
      signature.set(r, 32 - r.length);
      signature.set(s, 64 - s.length);
      return ecdsaRecover(signature, recoveryId(v, chainId), digest, false).slice(1);
    },
  };
}

/** EIP-155 for legacy transactions, plain parity for typed ones. */
function recoveryId(v: bigint, chainId: bigint | undefined): number {
  if (v === 0n || v === 1n) return Number(v);
  return Number(chainId === undefined ? v - 27n : v - (chainId * 2n + 35n));
}
