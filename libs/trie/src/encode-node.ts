// The nodes of a Merkle-Patricia trie in RLP (yellow paper, appendix D).
import { encodeRlpBytes, encodeRlpList, hexToBytes } from '@sheaf/primitives';
import { keccak256, keccakMany } from './keccak.ts';
import { countBits, decodeBranch, type Branch } from './branch-record.ts';
import { damaged } from './errors.ts';
import { packPath, toNibbles } from './nibbles.ts';
import type { TopNode } from './trie-source.ts';

/** How a node names its child: the child's encoding when that is below 32 bytes, else keccak256 of it. */
export type Reference = Uint8Array;

/** keccak256 of the empty string's RLP: the root of a trie without keys. */
export const emptyTrieRoot = hexToBytes('0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421');

export function referenceOf(encoding: Uint8Array): Reference {
  return encoding.length < 32 ? encoding : keccak256(encoding);
}

/** The same of each encoding, hashed together. */
export function referencesOf(encodings: readonly Uint8Array[]): Reference[] {
  const hashes = keccakMany(encodings.filter((encoding) => encoding.length >= 32)).values();
  return encodings.map((encoding) => (encoding.length < 32 ? encoding : hashes.next().value!));
}

/** The leaf whose path is what of its key is left, one nibble a byte. */
export function encodeLeafNode(path: Uint8Array, value: Uint8Array): Uint8Array {
  return encodeRlpList([encodeRlpBytes(packPath(path, true)), encodeRlpBytes(value)]);
}

export function encodeExtensionNode(path: Uint8Array, child: Reference): Uint8Array {
  return encodeRlpList([encodeRlpBytes(packPath(path, false)), child.length === 32 ? encodeRlpBytes(child) : child]);
}

/** The branch alone, without its extension. Byte by byte: a witness has tens of thousands of them. */
export function encodeBranchNode(branch: Branch): Uint8Array {
  const hashes = countBits(branch.present & ~branch.embedded);
  let payload = 17 - countBits(branch.present) + 33 * hashes;
  for (let nibble = 0; nibble < 16; nibble++) {
    if ((branch.embedded & (1 << nibble)) !== 0) payload += embeddedLength(branch.references[nibble]!);
  }
  const header = payload < 56 ? 1 : payload < 256 ? 2 : 3;
  const encoding = new Uint8Array(header + payload).fill(0x80);
  encoding[0] = header === 1 ? 0xc0 + payload : 0xf6 + header;
  if (header > 1) encoding[header - 1] = payload & 0xff;
  if (header === 3) encoding[1] = payload >> 8;
  let at = header;
  for (let nibble = 0; nibble < 16; nibble++) {
    const reference = referenceAt(branch, nibble);
    if (reference === undefined) {
      at += 1;
      continue;
    }
    if (reference.length === 32) encoding[at++] = 0xa0;
    encoding.set(reference, at);
    at += reference.length;
  }
  return encoding;
}

/** The nodes that a record stands for, the upper one first: its extension if there is one, and the branch. */
export function nodesOfBranch(branch: Branch): Uint8Array[] {
  const node = encodeBranchNode(branch);
  return branch.extension.length === 0 ? [node] : [encodeExtensionNode(branch.extension, referenceOf(node)), node];
}

/** The node that hangs at the depth. The one of nothing is the empty string. */
export function encodeTopNode(top: TopNode, depth: number): Uint8Array {
  if (top.kind === 'empty') return Uint8Array.of(0x80);
  if (top.kind === 'leaf') return encodeLeafNode(toNibbles(top.key).subarray(depth), top.value);
  return nodesOfBranch(decodeBranch(top.record))[0]!;
}

/** keccak256 of the node that hangs at the depth, however short: what names it when nothing is above it. */
export function rootOf(top: TopNode, depth: number): Uint8Array {
  return top.kind === 'empty' ? emptyTrieRoot : keccak256(encodeTopNode(top, depth));
}

/** What the branch has under the nibble; an embedded encoding without the zeros that a record has after it. */
export function referenceAt(branch: Branch, nibble: number): Reference | undefined {
  const reference = branch.references[nibble];
  if (reference === undefined || (branch.embedded & (1 << nibble)) === 0) return reference;
  return reference.subarray(0, embeddedLength(reference));
}

/** The branch of these children; which of them are leaves is said by a mask. */
export function branchOf(extension: Uint8Array, children: readonly (Reference | undefined)[], leaves: number): Branch {
  const branch: Branch = { extension, present: 0, leaves, embedded: 0, references: [] };
  for (let nibble = 0; nibble < 16; nibble++) {
    let reference = children[nibble];
    if (reference !== undefined) {
      branch.present |= 1 << nibble;
      if (reference.length < 32) {
        branch.embedded |= 1 << nibble;
        const padded = new Uint8Array(32);
        padded.set(reference);
        reference = padded;
      }
    }
    branch.references.push(reference);
  }
  return branch;
}

/** Bytes of a list's encoding that is below 32, by its first. */
function embeddedLength(reference: Uint8Array): number {
  const length = reference[0]! - 0xc0 + 1;
  if (length < 1 || length > 31) throw damaged('a branch record has an embedded child that is no node');
  return length;
}
