import { assert, type Address, type Hash32, type Height } from '@sheaf/primitives';
import { createHeap, type Heap } from './heap.ts';
import { effectiveTip, worstCost, type PendingTransaction } from './pending-transaction.ts';

/** Bounds of the mempool. */
export interface MempoolOptions {
  /** Transactions in all. */
  transactionsMax: number;
  /** Encodings in all. */
  bytesMax: number;
}

/** One sender's transactions by rising nonce, sealed ones first. */
export interface SenderQueue {
  readonly entries: readonly PendingTransaction[];
  /** Sum of the worst costs, wei. */
  readonly costTotal: bigint;
}

interface MutableQueue {
  entries: PendingTransaction[];
  costTotal: bigint;
}

const noQueue: SenderQueue = { entries: [], costTotal: 0n };

/**
 * The transactions that wait, by hash and by (sender, nonce). It holds what is durable; who changes it writes the same
 * change to the database first or in the same critical section. No clock, no I/O, no opinion about state: nonces of one
 * sender are normally consecutive because admission lets no gap in.
 */
export class Mempool {
  readonly #options: MempoolOptions;
  readonly #byHash = new Map<Hash32, PendingTransaction>();
  readonly #bySender = new Map<Address, MutableQueue>();
  readonly #sealed = new Set<Hash32>();
  #bytes = 0;
  /** Every last transaction of a sender is in here; outdated items are skipped when they come up. */
  #tails: Heap<PendingTransaction> = createHeap<PendingTransaction>([], paysLess);

  constructor(options: MempoolOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byHash.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get senders(): number {
    return this.#bySender.size;
  }

  get(hash: Hash32): PendingTransaction | undefined {
    return this.#byHash.get(hash);
  }

  /** An empty queue for an unknown sender. */
  queue(sender: Address): SenderQueue {
    return this.#bySender.get(sender) ?? noQueue;
  }

  /** True when one more transaction of so many bytes is within the bounds. */
  hasRoom(bytes: number): boolean {
    return this.#byHash.size < this.#options.transactionsMax && this.#bytes + bytes <= this.#options.bytesMax;
  }

  /** Adds it at its nonce, which must be free. */
  add(tx: PendingTransaction): void {
    assert(!this.#byHash.has(tx.hash), `${tx.hash} is in the mempool`);
    let queue = this.#bySender.get(tx.sender);
    if (!queue) this.#bySender.set(tx.sender, (queue = { entries: [], costTotal: 0n }));
    const place = placeOf(queue.entries, tx.nonce);
    assert(queue.entries[place]?.nonce !== tx.nonce, `nonce ${tx.nonce} of ${tx.sender} is taken`);
    queue.entries.splice(place, 0, tx);
    queue.costTotal += worstCost(tx);
    this.#byHash.set(tx.hash, tx);
    if (tx.sealedHeight !== undefined) this.#sealed.add(tx.hash);
    this.#bytes += tx.raw.length;
    if (place === queue.entries.length - 1) this.#tails.push(tx);
    this.#compact();
  }

  /** Takes it out; undefined when it is not in. */
  remove(hash: Hash32): PendingTransaction | undefined {
    const tx = this.#byHash.get(hash);
    if (!tx) return undefined;
    const queue = this.#bySender.get(tx.sender)!;
    const place = placeOf(queue.entries, tx.nonce);
    queue.entries.splice(place, 1);
    queue.costTotal -= worstCost(tx);
    this.#byHash.delete(hash);
    this.#sealed.delete(hash);
    this.#bytes -= tx.raw.length;
    if (queue.entries.length === 0) this.#bySender.delete(tx.sender);
    else if (place === queue.entries.length) this.#tails.push(queue.entries.at(-1)!);
    return tx;
  }

  /** The sender's waiting (not sealed) transactions above the nonce. */
  above(sender: Address, nonce: bigint): PendingTransaction[] {
    return this.queue(sender).entries.filter((entry) => entry.nonce > nonce && entry.sealedHeight === undefined);
  }

  /** They are in the payload of that height from now on: they can be neither replaced nor evicted. */
  markSealed(hashes: readonly Hash32[], height: Height): void {
    for (const hash of hashes) {
      const tx = this.#byHash.get(hash);
      assert(tx, `${hash} is sealed but not in the mempool`);
      tx.sealedHeight = height;
      this.#sealed.add(hash);
    }
  }

  /** Those that are in a payload which is not executed yet. */
  sealedHashes(): Hash32[] {
    return [...this.#sealed];
  }

  /**
   * Whom to evict first: of the last transactions of all senders the one that pays least. Undefined when nothing may go.
   * Only last ones, so that an eviction never tears a hole into a sender's nonces.
   */
  cheapestTail(): PendingTransaction | undefined {
    for (let top = this.#tails.peek(); top; top = this.#tails.peek()) {
      const current = this.#byHash.get(top.hash) === top && this.queue(top.sender).entries.at(-1) === top;
      if (current && top.sealedHeight === undefined) return top;
      this.#tails.pop();
    }
    return undefined;
  }

  /**
   * Evicts what pays less than `tx`, cheapest first, until `tx` has room, and gives what was evicted. Undefined, and
   * nothing evicted, when that does not suffice. A sender's own transactions never make room for its next one.
   */
  makeRoom(tx: PendingTransaction): PendingTransaction[] | undefined {
    const victims: PendingTransaction[] = [];
    while (!this.hasRoom(tx.raw.length)) {
      const victim = this.cheapestTail();
      if (!victim || victim.sender === tx.sender || !paysLess(victim, tx)) {
        for (const spared of victims.reverse()) this.add(spared);
        return undefined;
      }
      this.remove(victim.hash);
      victims.push(victim);
    }
    return victims;
  }

  /** Senders whose first waiting transaction pays this base fee, best tip first, then earliest; at most `max`. */
  executableSenders(baseFeePerGas: bigint, max: number): Address[] {
    const heads: PendingTransaction[] = [];
    for (const { entries } of this.#bySender.values()) {
      const head = entries.find((entry) => entry.sealedHeight === undefined);
      if (head && head.maxFeePerGas >= baseFeePerGas) heads.push(head);
    }
    const tips = new Map(heads.map((head) => [head, effectiveTip(head, baseFeePerGas)]));
    heads.sort((a, b) => compareBigint(tips.get(b)!, tips.get(a)!) || compareBigint(a.arrival, b.arrival));
    return heads.slice(0, max).map((head) => head.sender);
  }

  /** True when some sender's first waiting transaction pays this base fee. */
  hasExecutable(baseFeePerGas: bigint): boolean {
    for (const { entries } of this.#bySender.values()) {
      const head = entries.find((entry) => entry.sealedHeight === undefined);
      if (head && head.maxFeePerGas >= baseFeePerGas) return true;
    }
    return false;
  }

  /** Waiting transactions received before this time, in order of arrival. */
  receivedBefore(unixMs: number): PendingTransaction[] {
    return [...this.#byHash.values()]
      .filter((entry) => entry.receivedAtMs < unixMs && entry.sealedHeight === undefined)
      .sort((a, b) => compareBigint(a.arrival, b.arrival));
  }

  /** Outdated heap items are bounded: the heap is rebuilt when most of it is outdated. */
  #compact(): void {
    if (this.#tails.size <= 2 * this.#bySender.size + 1_024) return;
    const tails = [...this.#bySender.values()].map(({ entries }) => entries.at(-1)!);
    this.#tails = createHeap(tails, paysLess);
  }
}

/** True when `a` pays less for its gas than `b`: by max fee, then max tip; of equals the later one pays "less". */
export function paysLess(a: PendingTransaction, b: PendingTransaction): boolean {
  if (a.maxFeePerGas !== b.maxFeePerGas) return a.maxFeePerGas < b.maxFeePerGas;
  if (a.maxPriorityFeePerGas !== b.maxPriorityFeePerGas) return a.maxPriorityFeePerGas < b.maxPriorityFeePerGas;
  return a.arrival > b.arrival;
}

/**
 * The lowest nonce from `stateNonce` on that the queue does not hold: what the sender has to use next.
 */
export function nextNonce(entries: readonly PendingTransaction[], stateNonce: bigint): bigint {
  const first = entries[0];
  const last = entries.at(-1);
  if (!first || !last || last.nonce < stateNonce) return stateNonce;
  // The normal case, consecutive nonces, without walking a long queue for every transaction of a burst.
  if (first.nonce <= stateNonce && last.nonce - first.nonce === BigInt(entries.length - 1)) return last.nonce + 1n;
  let next = stateNonce;
  for (let i = placeOf(entries, stateNonce); entries[i]?.nonce === next; i++) next += 1n;
  return next;
}

/** The transaction of the queue at this nonce. */
export function entryAt(entries: readonly PendingTransaction[], nonce: bigint): PendingTransaction | undefined {
  const entry = entries[placeOf(entries, nonce)];
  return entry?.nonce === nonce ? entry : undefined;
}

/** Index of the first entry whose nonce is not below. */
function placeOf(entries: readonly PendingTransaction[], nonce: bigint): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entries[middle]!.nonce < nonce) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareBigint(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
