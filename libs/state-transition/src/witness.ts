import { keccak256 } from '@sheaf/crypto';
import { bytesToHex, type Hash32 } from '@sheaf/primitives';
import type { NodeReader, Witness } from './ports.ts';

/**
 * A reader over a witness, keyed by hashes computed here: forged bytes get a key that nobody asks for, and an
 * execution that misses one fails with `DATA_LOSS`.
 */
export function witnessReader(witness: Pick<Witness, 'nodes' | 'codes'>): NodeReader {
  const nodes = new Map(witness.nodes.map(hashed));
  const codes = new Map(witness.codes.map(hashed));
  return { node: (hash) => nodes.get(hash), code: (hash) => codes.get(hash) };
}

function hashed(bytes: Uint8Array): [Hash32, Uint8Array] {
  return [bytesToHex(keccak256(bytes)) as Hash32, bytes];
}
