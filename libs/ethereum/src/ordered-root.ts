import { keccak256 } from '@sheaf/crypto';
import { encodeRlp, encodeRlpBytes, encodeRlpList, encodeRlpMany, toHash32, type Hash32 } from '@sheaf/primitives';
import { withdrawalItem, type Withdrawal } from './block.ts';
import { encodeReceipts, type ConsensusReceipt } from './receipt.ts';
import { emptyRoot } from './trie.ts';

/** The digest of each message: keccak256, however many are hashed at once. */
export type HashMany = (messages: readonly Uint8Array[]) => Uint8Array[];

const oneByOne: HashMany = (messages) => messages.map(keccak256);

/** Root of the trie that maps RLP(index) to the value. */
export function orderedRoot(values: readonly Uint8Array[], hashMany: HashMany = oneByOne): Hash32 {
  const trie = new OrderedTrie(values.length, hashMany);
  trie.put(0, values);
  return trie.root();
}

/** A node that is no leaf. */
interface Inner {
  /** Of all inner nodes. */
  number: number;
  /** Nibbles that all below it share, as a parent of one child has them; then there is one child. */
  shared: Uint8Array | undefined;
  /** A number: the index of a leaf. */
  children: (Inner | number | undefined)[];
}

/** What the trie of so many values looks like. The keys are known beforehand and none begins with another. */
class Shape {
  readonly count: number;
  /** By index: what of its key a leaf has, as it has it. */
  readonly paths: readonly Uint8Array[];
  readonly top: Inner | number | undefined;
  /** Inner nodes by height. */
  readonly levels: Inner[][] = [];
  #nodes = 0;

  constructor(count: number) {
    this.count = count;
    const keys = Array.from({ length: count }, (_, index) => keyOf(index));
    const depths = new Uint8Array(count);
    this.top = count === 0 ? undefined : this.#plan(keys, depths, keyOrder(count), 0, count, 0).node;
    this.paths = keys.map((key, index) => path(key, depths[index]!, true));
  }

  /** The node over the keys from `first` to `end`, which have the same first `depth` nibbles; and its height. */
  #plan(
    keys: readonly Uint8Array[],
    depths: Uint8Array,
    order: readonly number[],
    first: number,
    end: number,
    depth: number,
  ): { node: Inner | number; height: number } {
    const keyAt = (at: number) => keys[order[at]!]!;
    const key = keyAt(first);
    if (end - first === 1) {
      depths[order[first]!] = depth;
      return { node: order[first]!, height: -1 };
    }
    const last = keyAt(end - 1);
    let to = depth;
    while (key[to] === last[to]) to += 1;
    const inner: Inner = { number: this.#nodes++, shared: undefined, children: [] };
    let height = 0;
    const add = (from: number, until: number, below: number) => {
      const child = this.#plan(keys, depths, order, from, until, below);
      height = Math.max(height, child.height + 1);
      return child.node;
    };
    if (to > depth) {
      inner.shared = encodeRlpBytes(path(key.subarray(depth, to), 0, false));
      inner.children.push(add(first, end, to));
    } else {
      for (let nibble = 0, from = first; nibble < 16; nibble++) {
        let until = from;
        while (until < end && keyAt(until)[depth] === nibble) until += 1;
        inner.children.push(until === from ? undefined : add(from, until, depth + 1));
        from = until;
      }
    }
    (this.levels[height] ??= []).push(inner);
    return { node: inner, height };
  }
}

/** A block has as many receipts as transactions, and a full one often as many as the one before. */
let kept = new Shape(0);

/** Below it a shape is not worth keeping: a block's withdrawals would drive out its transactions. */
const fewValues = 32;

function shapeOf(count: number): Shape {
  if (kept.count === count) return kept;
  const shape = new Shape(count);
  if (count >= fewValues) kept = shape;
  return shape;
}

/**
 * The trie that maps RLP(index) to a value, for all indices below a count. It is made from the leaves up, without a trie that things
 * are put into; nodes of one height are hashed together.
 */
export class OrderedTrie {
  readonly #hashMany: HashMany;
  readonly #shape: Shape;
  /** By index: how a parent has the leaf. */
  readonly #leaves: Uint8Array[] = [];
  /** By number of an inner node: how a parent has it. */
  readonly #references: Uint8Array[] = [];
  #onlyLeaf: Uint8Array | undefined;

  constructor(count: number, hashMany: HashMany = oneByOne) {
    this.#hashMany = hashMany;
    this.#shape = shapeOf(count);
  }

  /** Values of the indices from `first` on. */
  put(first: number, values: readonly Uint8Array[]): void {
    const { paths, top } = this.#shape;
    let bytes = 0;
    for (const value of values) bytes += value.length;
    const bytesEach = Math.ceil(bytes / Math.max(1, values.length)) + 16;
    const nodes = encodeRlpMany(values.length, bytesEach, (writer, at, from) => {
      writer.bytes(values[at]!);
      writer.bytes(paths[first + at]!);
      writer.list(from);
    });
    if (typeof top === 'number') [this.#onlyLeaf] = nodes;
    this.#refer(nodes, (at, reference) => (this.#leaves[first + at] = reference));
  }

  /** When all values are there. */
  root(): Hash32 {
    const { top, levels } = this.#shape;
    if (top === undefined) return emptyRoot;
    if (typeof top === 'number') return toHash32(this.#hashMany([this.#onlyLeaf!])[0]!);
    for (const level of levels.slice(0, -1)) {
      this.#refer(
        level.map((node) => this.#encode(node)),
        (at, reference) => (this.#references[level[at]!.number] = reference),
      );
    }
    return toHash32(this.#hashMany([this.#encode(top)])[0]!);
  }

  #encode({ shared, children }: Inner): Uint8Array {
    const references = children.map((child) => {
      if (child === undefined) return emptyItem;
      return typeof child === 'number' ? this.#leaves[child]! : this.#references[child.number]!;
    });
    return encodeRlpList(shared === undefined ? [...references, emptyItem] : [shared, ...references]);
  }

  /** How a parent has each node: itself while it is short, else by its hash. */
  #refer(nodes: readonly Uint8Array[], take: (at: number, reference: Uint8Array) => void): void {
    const digests = this.#hashMany(nodes);
    const hashed = new Uint8Array(hashedBytes * nodes.length);
    nodes.forEach((node, at) => {
      if (node.length < 32) return take(at, node);
      const from = at * hashedBytes;
      hashed[from] = 0x80 + 32;
      hashed.set(digests[at]!, from + 1);
      take(at, hashed.subarray(from, from + hashedBytes));
    });
  }
}

/** RLP of a hash. */
const hashedBytes = 33;
const noBytes = new Uint8Array(0);
const emptyItem = encodeRlpBytes(noBytes);

/** Indices by rising key: 1 to 127 are their own keys, 0 is 0x80, all others begin with 0x81 and above. */
function keyOrder(count: number): number[] {
  const order: number[] = [];
  for (let index = 1; index < Math.min(count, 128); index++) order.push(index);
  if (count > 0) order.push(0);
  for (let index = 128; index < count; index++) order.push(index);
  return order;
}

/** The nibbles of RLP(index). */
function keyOf(index: number): Uint8Array {
  let size = 0;
  for (let rest = index; rest >= 1; rest /= 256) size += 1;
  const prefixed = index === 0 || index >= 128;
  const nibbles = new Uint8Array(2 * size + (prefixed ? 2 : 0));
  if (prefixed) {
    nibbles[0] = 8;
    nibbles[1] = size;
  }
  for (let at = nibbles.length - 1, rest = index; rest >= 1; rest = Math.floor(rest / 16)) nibbles[at--] = rest % 16;
  return nibbles;
}

/** Of the nibbles from `from` on (yellow paper, appendix C). */
function path(nibbles: Uint8Array, from: number, leaf: boolean): Uint8Array {
  const to = nibbles.length;
  const odd = (to - from) % 2;
  const packed = new Uint8Array(1 + ((to - from) >> 1));
  packed[0] = (leaf ? 0x20 : 0) | (odd === 1 ? 0x10 | nibbles[from]! : 0);
  for (let at = from + odd, i = 1; at < to; at += 2, i++) packed[i] = (nibbles[at]! << 4) | nibbles[at + 1]!;
  return packed;
}

/** A block's `transactionsRoot`, from EIP-2718 encodings. */
export function transactionsRoot(raws: readonly Uint8Array[], hashMany?: HashMany): Hash32 {
  return orderedRoot(raws, hashMany);
}

/** A block's `receiptsRoot`. */
export function receiptsRoot(receipts: readonly ConsensusReceipt[], hashMany?: HashMany): Hash32 {
  return orderedRoot(encodeReceipts(receipts), hashMany);
}

/** A block's `withdrawalsRoot` (EIP-4895). */
export function withdrawalsRoot(withdrawals: readonly Withdrawal[]): Hash32 {
  return orderedRoot(withdrawals.map((withdrawal) => encodeRlp(withdrawalItem(withdrawal))));
}
