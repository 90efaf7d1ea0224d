import { decodeRlp, encodeRlp, type RlpItem } from '@sheaf/primitives';
import { invalid } from './errors.ts';
import { unpackPath } from './nibbles.ts';

/** A node as its RLP says it. Paths are nibbles, one a byte; bytes are views of the encoding. */
export type DecodedNode =
  | { kind: 'leaf'; path: Uint8Array; value: Uint8Array }
  | { kind: 'extension'; path: Uint8Array; child: DecodedChild }
  | { kind: 'branch'; children: readonly (DecodedChild | undefined)[] };

/** What a parent says of a child: the 32-byte hash of its encoding, or all of it when that is below 32 bytes. */
export type DecodedChild = { kind: 'hash'; hash: Uint8Array } | DecodedNode;

/** The longest encoding: that of a branch of 16 hashes. */
export const nodeBytesMax = 532;
/** A leaf's value in what others send. The RLP of an account has at most 110 bytes, that of a slot 33. */
export const receivedValueBytesMax = 128;

/** Nibbles of a key. */
const keyNibbles = 64;

/**
 * The node that hangs at the depth of a trie with 32-byte keys.
 * @throws ChainError `INVALID_ARGUMENT` naming `field` unless it is the one encoding of a node that can be there: paths
 * in canonical hex-prefix form, leaves that end at the 64th nibble and have a value, extensions with a path and a branch
 * below, branches with two children or more and without a value
 */
export function decodeNode(encoding: Uint8Array, depth: number, field: string): DecodedNode {
  if (encoding.length > nodeBytesMax) throw invalid(field, `is larger than ${nodeBytesMax} bytes`);
  return readNode(decodeRlp(encoding, field), depth, field);
}

function readNode(item: RlpItem, depth: number, field: string): DecodedNode {
  if (item instanceof Uint8Array) throw invalid(field, 'is no list');
  if (item.length === 17) return readBranch(item, depth, field);
  if (item.length !== 2) throw invalid(field, 'has neither 2 nor 17 items');
  const [packed, second] = item as [RlpItem, RlpItem];
  const unpacked = packed instanceof Uint8Array ? unpackPath(packed) : undefined;
  if (unpacked === undefined) throw invalid(field, 'has a path that is not in hex-prefix form');
  const { path, leaf } = unpacked;
  if (leaf) {
    if (depth + path.length !== keyNibbles) throw invalid(field, 'has a path that does not end with the key');
    if (!(second instanceof Uint8Array) || second.length === 0 || second.length > receivedValueBytesMax) {
      throw invalid(field, `has no value of 1 to ${receivedValueBytesMax} bytes`);
    }
    return { kind: 'leaf', path, value: second };
  }
  if (path.length === 0) throw invalid(field, 'is an extension without a path');
  const child = readChild(second, depth + path.length, field);
  if (child === undefined || child.kind === 'leaf' || child.kind === 'extension') {
    throw invalid(field, 'is an extension of what is no branch');
  }
  return { kind: 'extension', path, child };
}

function readBranch(items: readonly RlpItem[], depth: number, field: string): DecodedNode {
  const value = items[16]!;
  if (!(value instanceof Uint8Array) || value.length > 0) throw invalid(field, 'is a branch with a value');
  const children = items.slice(0, 16).map((item) => readChild(item, depth + 1, field));
  if (children.filter(Boolean).length < 2) throw invalid(field, 'is a branch with less than two children');
  return { kind: 'branch', children };
}

function readChild(item: RlpItem, depth: number, field: string): DecodedChild | undefined {
  if (depth > keyNibbles) throw invalid(field, 'is deeper than the key');
  if (item instanceof Uint8Array) {
    if (item.length === 0) return undefined;
    if (item.length !== 32) throw invalid(field, 'has a reference that is not 32 bytes');
    return { kind: 'hash', hash: item };
  }
  if (encodeRlp(item).length >= 32) throw invalid(field, 'has a child in it that is not below 32 bytes');
  return readNode(item, depth, field);
}
