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
  /** Nibbles that all below it share; then there is one child. */
  shared: Uint8Array | undefined;
  children: (Inner | number | undefined)[];
  reference: Uint8Array;
}

/**
 * The trie that maps RLP(index) to a value, for all indices below a count. The keys are known beforehand and none begins with another,
 * so it is made from the leaves up, without a trie that things are put into; nodes of one height are hashed together.
 */
export class OrderedTrie {
  readonly #hashMany: HashMany;
  readonly #top: Inner | number | undefined;
  /** Inner nodes by height. */
  readonly #levels: Inner[][] = [];
  /** By index, its nibbles. */
  readonly #keys: readonly Uint8Array[];
  /** By index: how many nibbles of the key are above the leaf. */
  readonly #depths: Uint8Array;
  /** By index: how a parent has the leaf. */
  readonly #leaves: Uint8Array[] = [];
  #onlyLeaf: Uint8Array | undefined;

  constructor(count: number, hashMany: HashMany = oneByOne) {
    this.#hashMany = hashMany;
    this.#depths = new Uint8Array(count);
    this.#keys = Array.from({ length: count }, (_, index) => keyOf(index));
    const order = keyOrder(count);
    this.#top = count === 0 ? undefined : this.#plan(order, 0, count, 0).node;
  }

  /** Values of the indices from `first` on. */
  put(first: number, values: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const value of values) bytes += value.length;
    const bytesEach = Math.ceil(bytes / Math.max(1, values.length)) + 16;
    const nodes = encodeRlpMany(values.length, bytesEach, (writer, at, from) => {
      writer.bytes(values[at]!);
      writer.bytes(path(this.#keys[first + at]!, this.#depths[first + at]!, true));
      writer.list(from);
    });
    if (typeof this.#top === 'number') [this.#onlyLeaf] = nodes;
    this.#refer(nodes, (at, reference) => (this.#leaves[first + at] = reference));
  }

  /** When all values are there. */
  root(): Hash32 {
    const top = this.#top;
    if (top === undefined) return emptyRoot;
    if (typeof top === 'number') return toHash32(this.#hashMany([this.#onlyLeaf!])[0]!);
    for (const level of this.#levels.slice(0, -1)) {
      this.#refer(
        level.map((node) => this.#encode(node)),
        (at, reference) => (level[at]!.reference = reference),
      );
    }
    return toHash32(this.#hashMany([this.#encode(top)])[0]!);
  }

  /** The node over the keys from `first` to `end`, which have the same first `depth` nibbles; and its height. */
  #plan(order: readonly number[], first: number, end: number, depth: number): { node: Inner | number; height: number } {
    const keyAt = (at: number) => this.#keys[order[at]!]!;
    const key = keyAt(first);
    if (end - first === 1) {
      this.#depths[order[first]!] = depth;
      return { node: order[first]!, height: -1 };
    }
    const last = keyAt(end - 1);
    let to = depth;
    while (key[to] === last[to]) to += 1;
    const inner: Inner = { shared: undefined, children: [], reference: noBytes };
    let height = 0;
    const add = (from: number, until: number, below: number) => {
      const child = this.#plan(order, from, until, below);
      height = Math.max(height, child.height + 1);
      return child.node;
    };
    if (to > depth) {
      inner.shared = key.slice(depth, to);
      inner.children.push(add(first, end, to));
    } else {
      for (let nibble = 0, from = first; nibble < 16; nibble++) {
        let until = from;
        while (until < end && keyAt(until)[depth] === nibble) until += 1;
        inner.children.push(until === from ? undefined : add(from, until, depth + 1));
        from = until;
      }
    }
    (this.#levels[height] ??= []).push(inner);
    return { node: inner, height };
  }

  #encode({ shared, children }: Inner): Uint8Array {
    const references = children.map((child) => {
      if (child === undefined) return emptyItem;
      return typeof child === 'number' ? this.#leaves[child]! : child.reference;
    });
    if (shared === undefined) return encodeRlpList([...references, emptyItem]);
    return encodeRlpList([encodeRlpBytes(path(shared, 0, false)), ...references]);
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
