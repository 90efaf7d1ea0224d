// A Merkle-Patricia trie (yellow paper, appendix D) over a synchronous source of nodes.
//
//   get/put/delete  change nodes in memory; what lies behind a hash is read from the source when a walk gets there
//   commit          encodes and hashes what changed, bottom up, and returns only the nodes of the final trie
//
// Keys must be prefix-free (hashes, or RLP of integers): no value ever stands in a branch.
import { keccak256 } from '@sheaf/crypto';
import {
  bytesToHex,
  ChainError,
  decodeRlp,
  encodeRlpBytes,
  encodeRlpList,
  type Hash32,
  type RlpItem,
} from '@sheaf/primitives';

/** The RLP of a trie node by its hash. @throws when it cannot tell; `undefined` when it has none */
export type NodeSource = (hash: Hash32) => Uint8Array | undefined;

/** keccak256 of the empty string's RLP. */
export const emptyRoot = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421' as Hash32;

interface Leaf {
  kind: 'leaf';
  path: Uint8Array;
  value: Uint8Array;
  encoded: Uint8Array | undefined;
}
interface Extension {
  kind: 'extension';
  path: Uint8Array;
  child: TrieNode;
  encoded: Uint8Array | undefined;
}
interface Branch {
  kind: 'branch';
  children: (TrieNode | undefined)[];
  encoded: Uint8Array | undefined;
}
/** Stands for a node that has not been read yet. */
interface Unread {
  kind: 'unread';
  hash: Uint8Array;
}
type Present = Leaf | Extension | Branch;
type TrieNode = Present | Unread;

export class Trie {
  readonly #source: NodeSource;
  #root: TrieNode | undefined;

  /** The trie under `root`, empty by default. Nothing is read yet. */
  constructor(root: Uint8Array | undefined = undefined, source: NodeSource = () => undefined) {
    this.#source = source;
    this.#root = root === undefined || bytesToHex(root) === emptyRoot ? undefined : { kind: 'unread', hash: root };
  }

  /** @throws ChainError `DATA_LOSS` when the source lacks a node on the way */
  get(key: Uint8Array): Uint8Array | undefined {
    let path = toNibbles(key);
    let node = this.#root;
    while (node !== undefined) {
      const present: Present = this.#read(node);
      if (present.kind === 'leaf') return samePath(present.path, path) ? present.value : undefined;
      if (present.kind === 'extension') {
        if (sharedLength(present.path, path) !== present.path.length) return undefined;
        path = path.subarray(present.path.length);
        node = present.child = this.#read(present.child);
      } else {
        const child: TrieNode | undefined = present.children[path[0]!];
        if (child === undefined) return undefined;
        node = present.children[path[0]!] = this.#read(child);
        path = path.subarray(1);
      }
    }
    return undefined;
  }

  /** Sets a value that is not empty. @throws ChainError `DATA_LOSS` */
  put(key: Uint8Array, value: Uint8Array): void {
    this.#root = this.#insert(this.#root, toNibbles(key), value);
  }

  /** Afterwards the key is not there. @throws ChainError `DATA_LOSS` */
  delete(key: Uint8Array): void {
    if (this.#root !== undefined) this.#root = this.#remove(this.#root, toNibbles(key));
  }

  /** The root and every node that was made since the trie was opened and is still part of it. */
  commit(): { root: Uint8Array; nodes: Map<Hash32, Uint8Array> } {
    const nodes = new Map<Hash32, Uint8Array>();
    if (this.#root === undefined) return { root: keccak256(Uint8Array.of(0x80)), nodes };
    if (this.#root.kind === 'unread') return { root: this.#root.hash, nodes };
    const fresh = this.#root.encoded === undefined;
    const encoded = encodeNode(this.#root, nodes);
    const root = keccak256(encoded);
    if (fresh) nodes.set(bytesToHex(root) as Hash32, encoded);
    return { root, nodes };
  }

  /**
   * RLP nodes from the root towards the key, as far as they go: a proof of the value or of its absence.
   * For a trie without uncommitted changes. @throws ChainError `DATA_LOSS`
   */
  prove(key: Uint8Array): Uint8Array[] {
    const proof: Uint8Array[] = [];
    let path = toNibbles(key);
    let node = this.#root;
    while (node !== undefined) {
      const present: Present = this.#read(node);
      const encoded = encodeNode(present, new Map());
      // A node below 32 bytes stands inside its parent and is proven with it.
      if (encoded.length >= 32 || proof.length === 0) proof.push(encoded);
      if (present.kind === 'leaf') break;
      if (present.kind === 'extension') {
        if (sharedLength(present.path, path) !== present.path.length) break;
        path = path.subarray(present.path.length);
        node = present.child;
      } else {
        node = present.children[path[0]!];
        path = path.subarray(1);
      }
    }
    return proof;
  }

  #read(node: TrieNode): Present {
    if (node.kind !== 'unread') return node;
    const hash = bytesToHex(node.hash) as Hash32;
    const encoded = this.#source(hash);
    if (encoded === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `trie node ${hash} is missing` });
    return decodeNode(encoded, hash);
  }

  #insert(at: TrieNode | undefined, path: Uint8Array, value: Uint8Array): Present {
    if (at === undefined) return { kind: 'leaf', path, value, encoded: undefined };
    const node = this.#read(at);
    if (node.kind === 'branch') {
      node.children[path[0]!] = this.#insert(node.children[path[0]!], path.subarray(1), value);
      node.encoded = undefined;
      return node;
    }
    const shared = sharedLength(node.path, path);
    if (shared === node.path.length && node.kind === 'extension') {
      node.child = this.#insert(node.child, path.subarray(shared), value);
      node.encoded = undefined;
      return node;
    }
    if (node.kind === 'leaf' && shared === node.path.length && shared === path.length) {
      node.value = value;
      node.encoded = undefined;
      return node;
    }
    const branch: Branch = { kind: 'branch', children: new Array<undefined>(16).fill(undefined), encoded: undefined };
    branch.children[node.path[shared]!] = shorten(node, shared + 1);
    branch.children[path[shared]!] = { kind: 'leaf', path: path.subarray(shared + 1), value, encoded: undefined };
    return shared === 0
      ? branch
      : { kind: 'extension', path: path.subarray(0, shared), child: branch, encoded: undefined };
  }

  #remove(at: TrieNode, path: Uint8Array): TrieNode | undefined {
    const node = this.#read(at);
    if (node.kind === 'leaf') return samePath(node.path, path) ? undefined : node;
    if (node.kind === 'extension') {
      if (sharedLength(node.path, path) !== node.path.length) return node;
      const before = this.#read(node.child);
      const wasEncoded = before.encoded;
      const child = this.#remove(before, path.subarray(node.path.length));
      if (child === before && before.encoded === wasEncoded && wasEncoded !== undefined) {
        node.child = child;
        return node;
      }
      // A branch below an extension has two children or more: removing one leaves something.
      return this.#prepend(node.path, child!);
    }
    const index = path[0]!;
    const child = node.children[index];
    if (child === undefined) return node;
    const before = this.#read(child);
    const wasEncoded = before.encoded;
    const after = this.#remove(before, path.subarray(1));
    node.children[index] = after;
    if (after === before && wasEncoded !== undefined && before.encoded === wasEncoded) return node;
    node.encoded = undefined;
    return after === undefined ? this.#collapse(node) : node;
  }

  /** A branch with one child left becomes an extension of that child, or is merged into it. */
  #collapse(branch: Branch): TrieNode {
    const left = branch.children.flatMap((child, index) => (child === undefined ? [] : [index]));
    if (left.length > 1) return branch;
    return this.#prepend(Uint8Array.of(left[0]!), branch.children[left[0]!]!);
  }

  #prepend(path: Uint8Array, below: TrieNode): Present {
    const node = this.#read(below);
    if (node.kind === 'branch') return { kind: 'extension', path, child: node, encoded: undefined };
    return { ...node, path: joinPaths(path, node.path), encoded: undefined };
  }
}

/** The node without the first nibbles of its path; an extension with no path left is its child. */
function shorten(node: Leaf | Extension, count: number): TrieNode {
  const path = node.path.subarray(count);
  if (node.kind === 'extension' && path.length === 0) return node.child;
  return { ...node, path, encoded: undefined };
}

/** The node's RLP; those of 32 bytes or more that were made anew below it go into `fresh` under their hash. */
function encodeNode(node: Present, fresh: Map<Hash32, Uint8Array>): Uint8Array {
  if (node.encoded !== undefined) return node.encoded;
  if (node.kind === 'leaf') {
    node.encoded = encodeRlpList([encodeRlpBytes(packPath(node.path, true)), encodeRlpBytes(node.value)]);
  } else if (node.kind === 'extension') {
    node.encoded = encodeRlpList([encodeRlpBytes(packPath(node.path, false)), encodeReference(node.child, fresh)]);
  } else {
    const empty = Uint8Array.of(0x80);
    const parts = node.children.map((child) => (child === undefined ? empty : encodeReference(child, fresh)));
    parts.push(empty);
    node.encoded = encodeRlpList(parts);
  }
  return node.encoded;
}

function encodeReference(node: TrieNode, fresh: Map<Hash32, Uint8Array>): Uint8Array {
  if (node.kind === 'unread') return encodeRlpBytes(node.hash);
  const made = node.encoded === undefined;
  const encoded = encodeNode(node, fresh);
  if (encoded.length < 32) return encoded;
  const hash = keccak256(encoded);
  if (made) fresh.set(bytesToHex(hash) as Hash32, encoded);
  return encodeRlpBytes(hash);
}

function decodeNode(encoded: Uint8Array, hash: Hash32): Present {
  try {
    return nodeOf(decodeRlp(encoded, 'node'), encoded);
  } catch (cause) {
    throw new ChainError({ code: 'DATA_LOSS', message: `trie node ${hash} is not a trie node` }, { cause });
  }
}

function nodeOf(item: RlpItem, encoded: Uint8Array | undefined): Present {
  if (item instanceof Uint8Array) throw new Error('a node is a list');
  if (item.length === 17) {
    return { kind: 'branch', children: item.slice(0, 16).map(referenceOf), encoded };
  }
  const [packed, second] = item;
  if (item.length !== 2 || !(packed instanceof Uint8Array) || second === undefined)
    throw new Error('a node has 2 or 17 items');
  const { path, leaf } = unpackPath(packed);
  if (!leaf) return { kind: 'extension', path, child: referenceOf(second)!, encoded };
  if (!(second instanceof Uint8Array)) throw new Error('a value is bytes');
  return { kind: 'leaf', path, value: second, encoded };
}

function referenceOf(item: RlpItem): TrieNode | undefined {
  // An embedded node is encoded again with its parent, so its own encoding is left open.
  if (!(item instanceof Uint8Array)) return embedded(item);
  if (item.length === 0) return undefined;
  if (item.length !== 32) throw new Error('a reference is 32 bytes');
  return { kind: 'unread', hash: item };
}

function embedded(item: readonly RlpItem[]): Present {
  const node = nodeOf(item, undefined);
  encodeNode(node, new Map());
  return node;
}

function toNibbles(key: Uint8Array): Uint8Array {
  const nibbles = new Uint8Array(key.length * 2);
  for (let i = 0; i < key.length; i++) {
    nibbles[2 * i] = key[i]! >> 4;
    nibbles[2 * i + 1] = key[i]! & 15;
  }
  return nibbles;
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < shorter && a[shared] === b[shared]) shared += 1;
  return shared;
}

function samePath(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && sharedLength(a, b) === a.length;
}

function joinPaths(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** Hex-prefix encoding (yellow paper, appendix C). */
function packPath(path: Uint8Array, leaf: boolean): Uint8Array {
  const odd = path.length % 2;
  const packed = new Uint8Array(1 + (path.length - odd) / 2);
  packed[0] = ((leaf ? 2 : 0) + odd) * 16 + (odd === 1 ? path[0]! : 0);
  for (let i = odd, at = 1; i < path.length; i += 2, at += 1) packed[at] = path[i]! * 16 + path[i + 1]!;
  return packed;
}

function unpackPath(packed: Uint8Array): { path: Uint8Array; leaf: boolean } {
  const nibbles = toNibbles(packed);
  const flag = nibbles[0] ?? 4;
  if (flag > 3) throw new Error('a path has a flag');
  return { path: nibbles.subarray(flag % 2 === 1 ? 1 : 2), leaf: flag >= 2 };
}
