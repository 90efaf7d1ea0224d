// A partial trie in bytes, in pre-order. A node is
//
//   u8   n, 0 to 63: a branch with an extension of n nibbles
//          (n + 1) / 2 bytes of them, the high nibble first, the last low nibble 0 when n is odd
//          u16     children that there are, bit i for nibble i (big-endian)
//          u16     those of them that follow as nodes
//          by rising nibble: a node, or the 32 bytes of its hash
//        64: a leaf
//          the nibbles of its key below the position, packed likewise
//          u8      bytes of its value, then those
//        65: nothing; only when there is nothing else
//        66: the 32 bytes of a hash; only when there is nothing else
//
// What follows as a node has no hash here: hashing it gives it.
import { limits } from '@sheaf/primitives';
import { countBits } from './branch-record.ts';
import { receivedValueBytesMax } from './decode-node.ts';
import { invalid } from './errors.ts';
import { nibbleAt, packKey } from './nibbles.ts';
import type { PartialBranch, PartialLeaf, PartialNode } from './partial-node.ts';

const leafTag = 64;
const emptyTag = 65;
const hashTag = 66;

/** Nodes of one partial trie: one for each 32 bytes of the largest witness. */
export const partialNodesMax = limits.witnessBytesMax / 32;

/** The encoding of what hangs at the position, of which the depth alone matters. */
export function encodePartial(top: PartialNode | undefined, position: Uint8Array): Uint8Array {
  const writer = new Writer();
  if (top === undefined) {
    writer.byte(emptyTag);
  } else if (top.kind === 'hash') {
    writer.byte(hashTag);
    writer.bytes(top.hash);
  } else {
    writeNode(writer, top, position.length);
  }
  return writer.end();
}

function writeNode(writer: Writer, node: PartialLeaf | PartialBranch, depth: number): void {
  if (node.kind === 'leaf') {
    writer.byte(leafTag);
    for (let at = depth; at < 64; at += 2) {
      writer.byte((nibbleAt(node.key, at) << 4) | (at + 1 < 64 ? nibbleAt(node.key, at + 1) : 0));
    }
    writer.byte(node.value.length);
    writer.bytes(node.value);
    return;
  }
  const { extension, children } = node;
  writer.byte(extension.length);
  for (let at = 0; at < extension.length; at += 2) writer.byte((extension[at]! << 4) | (extension[at + 1] ?? 0));
  let present = 0;
  let nodes = 0;
  children.forEach((child, nibble) => {
    if (child !== undefined) present |= 1 << nibble;
    if (child !== undefined && child.kind !== 'hash') nodes |= 1 << nibble;
  });
  for (const mask of [present, nodes]) {
    writer.byte(mask >> 8);
    writer.byte(mask & 0xff);
  }
  for (const child of children) {
    if (child?.kind === 'hash') writer.bytes(child.hash);
    else if (child !== undefined) writeNode(writer, child, depth + extension.length + 1);
  }
}

/**
 * What the bytes say hangs at the position; its arrays are views of them. Nothing is hashed.
 * @throws ChainError `INVALID_ARGUMENT` naming `field` unless the bytes are the one encoding of a partial trie of at most
 * `witnessBytesMax` bytes and 524,288 nodes
 */
export function decodePartial(bytes: Uint8Array, position: Uint8Array, field: string): PartialNode | undefined {
  if (bytes.length > limits.witnessBytesMax) throw invalid(field, `is larger than ${limits.witnessBytesMax} bytes`);
  const reader = new Reader(bytes, position, field);
  const top = readTop(reader, position.length);
  if (reader.at !== bytes.length) throw invalid(field, 'has bytes after its end');
  return top;
}

function readTop(reader: Reader, depth: number): PartialNode | undefined {
  const tag = reader.byte();
  if (tag === emptyTag) return undefined;
  if (tag === hashTag) return { kind: 'hash', hash: reader.take(32) };
  return readNode(reader, tag, depth);
}

function readNode(reader: Reader, tag: number, depth: number): PartialLeaf | PartialBranch {
  reader.countNode();
  if (tag === leafTag) {
    reader.path(depth, 64 - depth);
    const size = reader.byte();
    if (size === 0 || size > receivedValueBytesMax) {
      throw invalid(reader.field, `has a value that is not of 1 to ${receivedValueBytesMax} bytes`);
    }
    return { kind: 'leaf', key: packKey(reader.nibbles), value: reader.take(size) };
  }
  if (tag > leafTag) throw invalid(reader.field, 'has a node of no kind');
  const below = depth + tag + 1;
  if (below > 64) throw invalid(reader.field, 'is deeper than the key');
  reader.path(depth, tag);
  const extension = reader.nibbles.slice(depth, depth + tag);
  const present = (reader.byte() << 8) | reader.byte();
  const nodes = (reader.byte() << 8) | reader.byte();
  if (countBits(present) < 2 || (nodes & ~present) !== 0) throw invalid(reader.field, 'has children that cannot be');
  const children: (PartialNode | undefined)[] = [];
  for (let nibble = 0; nibble < 16; nibble++) {
    if ((nodes & (1 << nibble)) !== 0) {
      reader.nibbles[below - 1] = nibble;
      children.push(readNode(reader, reader.byte(), below));
    } else if ((present & (1 << nibble)) !== 0) {
      children.push({ kind: 'hash', hash: reader.take(32) });
    } else {
      children.push(undefined);
    }
  }
  return { kind: 'branch', extension, children };
}

class Writer {
  #bytes = new Uint8Array(4096);
  #at = 0;

  byte(value: number): void {
    if (this.#at === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#at++] = value;
  }

  bytes(values: Uint8Array): void {
    if (this.#at + values.length > this.#bytes.length) this.#grow(values.length);
    this.#bytes.set(values, this.#at);
    this.#at += values.length;
  }

  end(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #grow(more: number): void {
    const grown = new Uint8Array(2 * this.#bytes.length + more);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

class Reader {
  readonly field: string;
  /** The path to where the reader is, one nibble a byte. */
  readonly nibbles = new Uint8Array(64);
  at = 0;
  readonly #bytes: Uint8Array;
  #nodes = 0;

  constructor(bytes: Uint8Array, position: Uint8Array, field: string) {
    this.#bytes = bytes;
    this.field = field;
    this.nibbles.set(position);
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw invalid(this.field, 'is cut short');
    return byte;
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.#bytes.length) throw invalid(this.field, 'is cut short');
    return this.#bytes.subarray(this.at, (this.at += count));
  }

  /** Afterwards `count` nibbles of the path are known from the depth on. */
  path(depth: number, count: number): void {
    const packed = this.take((count + 1) >> 1);
    for (let i = 0; i < count; i++) this.nibbles[depth + i] = nibbleAt(packed, i);
    if (count % 2 === 1 && (packed.at(-1)! & 15) !== 0) throw invalid(this.field, 'has a path that does not end');
  }

  countNode(): void {
    if (++this.#nodes > partialNodesMax) throw invalid(this.field, `has more than ${partialNodesMax} nodes`);
  }
}
