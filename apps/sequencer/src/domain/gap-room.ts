import type { Address } from '@sheaf/primitives';

/** One visitor: what waits for a lower nonce of its sender. */
export interface Waiting<T> {
  readonly sender: Address;
  readonly nonce: bigint;
  readonly item: T;
}

/**
 * Where transactions with a nonce gap wait inside admission: neither durable nor answered. A bounded count; what does
 * not fit is refused at once. Timers are the caller's: whoever enters is taken out exactly once, by `take` or `leave`.
 */
export class GapRoom<T> {
  readonly #max: number;
  readonly #bySender = new Map<Address, Map<T, Waiting<T>>>();
  #size = 0;

  constructor(options: { waitingMax: number }) {
    this.#max = options.waitingMax;
  }

  get size(): number {
    return this.#size;
  }

  /** False when the room is full. */
  enter(waiting: Waiting<T>): boolean {
    if (this.#size >= this.#max) return false;
    let visitors = this.#bySender.get(waiting.sender);
    if (!visitors) this.#bySender.set(waiting.sender, (visitors = new Map()));
    visitors.set(waiting.item, waiting);
    this.#size += 1;
    return true;
  }

  /** Takes out the earliest visitor of the sender whose nonce is not above `nonce`. */
  take(sender: Address, nonce: bigint): T | undefined {
    for (const { item, nonce: waitingNonce } of this.#bySender.get(sender)?.values() ?? []) {
      if (waitingNonce <= nonce && this.leave(sender, item)) return item;
    }
    return undefined;
  }

  /** Takes out this visitor; false when it is gone already. */
  leave(sender: Address, item: T): boolean {
    const visitors = this.#bySender.get(sender);
    if (!visitors?.delete(item)) return false;
    if (visitors.size === 0) this.#bySender.delete(sender);
    this.#size -= 1;
    return true;
  }

  /** Takes everybody out. */
  empty(): T[] {
    const all = [...this.#bySender.values()].flatMap((visitors) => [...visitors.keys()]);
    this.#bySender.clear();
    this.#size = 0;
    return all;
  }
}
