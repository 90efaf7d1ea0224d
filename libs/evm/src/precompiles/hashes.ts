import { ripemd160 as plainRipemd160 } from '@noble/hashes/legacy.js';
import { sha256 as plainSha256 } from '@noble/hashes/sha2.js';
import { createRIPEMD160, createSHA256, type IHasher } from 'hash-wasm';
import { pricedBy, type Precompile } from './types.ts';

type Hash = (data: Uint8Array) => Uint8Array;

/** hash-wasm assembles asynchronously; until then noble answers, which is slower and the same. */
let sha256Of: Hash = plainSha256;
let ripemd160Of: Hash = plainRipemd160;

let warming: Promise<void> | undefined;

/** The fast hashes are in place afterwards. Again is nothing: it does not even wait for the event loop. */
export function warmHashes(): Promise<void> {
  return (warming ??= assembleHashes());
}

async function assembleHashes(): Promise<void> {
  const [sha256Hasher, ripemd160Hasher] = await Promise.all([createSHA256(), createRIPEMD160()]);
  sha256Of = hashWith(sha256Hasher);
  ripemd160Of = hashWith(ripemd160Hasher);
}

function hashWith(hasher: IHasher): Hash {
  return (data) => hasher.init().update(data).digest('binary');
}

/** SHA-256 (FIPS 180-4) as fast as this process has it. 32 bytes. */
export function hashSha256(data: Uint8Array): Uint8Array {
  return sha256Of(data);
}

/** 0x02. */
export const sha256: Precompile = pricedBy((input) => 60n + 12n * words(input), hashSha256);

/** 0x03: 20 bytes behind 12 zeros. */
export const ripemd160: Precompile = pricedBy(
  (input) => 600n + 120n * words(input),
  (input) => {
    const output = new Uint8Array(32);
    output.set(ripemd160Of(input), 12);
    return output;
  },
);

/** 0x04: its input. */
export const identity: Precompile = pricedBy(
  (input) => 15n + 3n * words(input),
  (input) => input.slice(),
);

function words(input: Uint8Array): bigint {
  return BigInt(Math.ceil(input.length / 32));
}
