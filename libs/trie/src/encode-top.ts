// How members tell each other what their buckets hang at:
//
//   u8   0: empty, and nothing after it
//        1: a leaf: its key of 32 bytes, then its value
//        2: a branch: its record
import { concatBytes } from '@sheaf/primitives';
import { decodeBranch, type Branch } from './branch-record.ts';
import { decodeNode, receivedValueBytesMax } from './decode-node.ts';
import { referenceAt } from './encode-node.ts';
import { invalid } from './errors.ts';
import { beginsWith } from './nibbles.ts';
import type { TopNode } from './trie-source.ts';

/** A branch of 16 children with an extension of 63 nibbles: 1 + 32 + 6 + 512 of its record, and the kind. */
export const topBytesMax = 552;

export function encodeTop(top: TopNode): Uint8Array {
  if (top.kind === 'empty') return Uint8Array.of(0);
  if (top.kind === 'leaf') return concatBytes(Uint8Array.of(1), top.key, top.value);
  return concatBytes(Uint8Array.of(2), top.record);
}

/**
 * The node that another member says hangs at the position. Its arrays are views of the bytes.
 * @throws ChainError `INVALID_ARGUMENT` naming `field` unless the bytes are the one encoding of a node that can be there
 */
export function decodeTop(bytes: Uint8Array, position: Uint8Array, field = 'top'): TopNode {
  const kind = bytes[0];
  if (kind === 0) {
    if (bytes.length > 1) throw invalid(field, 'has bytes after its end');
    return { kind: 'empty' };
  }
  if (kind === 1) {
    const key = bytes.subarray(1, 33);
    const value = bytes.subarray(33);
    if (value.length === 0 || value.length > receivedValueBytesMax) {
      throw invalid(field, `has a value that is not of 1 to ${receivedValueBytesMax} bytes`);
    }
    if (!beginsWith(key, position)) throw invalid(field, 'has the key of another position');
    return { kind: 'leaf', key, value };
  }
  if (kind === 2) return { kind: 'branch', record: readRecord(bytes.subarray(1), position.length, field) };
  throw invalid(field, 'is no kind of node');
}

function readRecord(record: Uint8Array, depth: number, field: string): Uint8Array {
  const branch = readBranch(record, field);
  const below = depth + branch.extension.length + 1;
  if (below > 64) throw invalid(field, 'is deeper than the key');
  if (below === 64 && (branch.present & ~branch.leaves) !== 0) throw invalid(field, 'is deeper than the key');
  for (let nibble = 0; nibble < 16; nibble++) {
    if ((branch.embedded & (1 << nibble)) !== 0) checkEmbedded(branch, nibble, below, field);
  }
  return record;
}

function checkEmbedded(branch: Branch, nibble: number, depth: number, field: string): void {
  const first = branch.references[nibble]![0]!;
  if (first < 0xc0 || first > 0xde) throw invalid(field, 'has an embedded child that is no node');
  const encoding = referenceAt(branch, nibble)!;
  const { kind } = decodeNode(encoding, depth, field);
  if ((kind === 'leaf') !== ((branch.leaves & (1 << nibble)) !== 0))
    throw invalid(field, 'has a child of another kind');
  if (branch.references[nibble]!.subarray(encoding.length).some((byte) => byte !== 0)) {
    throw invalid(field, 'has bytes after an embedded child');
  }
}

function readBranch(record: Uint8Array, field: string): Branch {
  try {
    return decodeBranch(record);
  } catch (cause) {
    throw invalid(field, 'is no branch record', cause);
  }
}
