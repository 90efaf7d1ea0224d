import { keccak_256 } from '@noble/hashes/sha3.js';
import { createKeccak } from 'hash-wasm';

/** hash-wasm compiles asynchronously; until then (some milliseconds) noble answers. Both are Keccak, so nobody can tell. */
let hash: (data: Uint8Array) => Uint8Array = keccak_256;

// A box that refuses WebAssembly keeps noble: slower, never wrong.
createKeccak(256).then(
  (hasher) => {
    hash = (data) => hasher.init().update(data).digest('binary');
  },
  () => undefined,
);

/** Keccak-256 as Ethereum uses it (not SHA3-256): 32 fresh bytes. */
export function keccak256(data: Uint8Array): Uint8Array {
  return hash(data);
}
