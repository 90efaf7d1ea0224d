import { equalBytes } from '@sheaf/primitives';
import { decodeNode, nodeBytesMax, type DecodedChild, type DecodedNode } from './decode-node.ts';
import { emptyTrieRoot } from './encode-node.ts';
import { invalid } from './errors.ts';
import { keccak256 } from './keccak.ts';
import { nibbleAt, sharedLength } from './nibbles.ts';

/** Nodes of a proof: one a nibble of the key, and its leaf. */
export const proofNodesMax = 65;

/**
 * The value that a trie of 32-byte keys has for a key by a proof in eth_getProof's form; `undefined`: it is proven that
 * it has none. The proof is the nodes of the way to the key and nothing else. A trie without keys has no nodes, or the
 * one that is the empty string (as reth has it).
 * @throws ChainError `INVALID_ARGUMENT` whose field is `proof.<index>` of the first node that is wrong, missing or too
 * many; `proof` when there are more than 65; `root` or `key` when they are not 32 bytes
 */
export function verifyProof(
  root: Uint8Array,
  key: Uint8Array,
  proof: readonly Uint8Array[],
  field = 'proof',
): Uint8Array | undefined {
  if (root.length !== 32) throw invalid('root', 'is not 32 bytes');
  if (key.length !== 32) throw invalid('key', 'is not 32 bytes');
  if (proof.length > proofNodesMax) throw invalid(field, `has more than ${proofNodesMax} nodes`);
  const { value, used } = equalBytes(root, emptyTrieRoot) ? readNothing(proof) : followProof(root, key, proof, field);
  if (used < proof.length) throw invalid(`${field}.${used}`, 'is not on the way to the key');
  return value;
}

interface End {
  value: Uint8Array | undefined;
  /** Nodes of the proof up to here. */
  used: number;
}

function readNothing([first]: readonly Uint8Array[]): End {
  return { value: undefined, used: first?.length === 1 && first[0] === 0x80 ? 1 : 0 };
}

function followProof(root: Uint8Array, key: Uint8Array, proof: readonly Uint8Array[], field: string): End {
  let used = 0;
  let depth = 0;
  let belowExtension = false;
  for (let child: DecodedChild = { kind: 'hash', hash: root }; ;) {
    const name = `${field}.${used}`;
    if (child.kind === 'hash') child = openNode(child.hash, proof[used++], depth, name);
    if (belowExtension && child.kind !== 'branch') throw invalid(name, 'is below an extension and no branch');
    if (child.kind === 'leaf') {
      return { value: sharedLength(key, depth, child.path) === child.path.length ? child.value : undefined, used };
    }
    belowExtension = child.kind === 'extension';
    let next: DecodedChild | undefined;
    if (child.kind === 'extension') {
      next = sharedLength(key, depth, child.path) === child.path.length ? child.child : undefined;
      depth += child.path.length;
    } else {
      next = child.children[nibbleAt(key, depth)];
      depth += 1;
    }
    if (next === undefined) return { value: undefined, used };
    child = next;
  }
}

/** The node that has the hash. */
function openNode(hash: Uint8Array, encoding: Uint8Array | undefined, depth: number, field: string): DecodedNode {
  if (encoding === undefined) throw invalid(field, 'is missing');
  if (encoding.length > nodeBytesMax) throw invalid(field, `is larger than ${nodeBytesMax} bytes`);
  if (!equalBytes(keccak256(encoding), hash)) throw invalid(field, 'has another hash than what is asked for');
  return decodeNode(encoding, depth, field);
}
