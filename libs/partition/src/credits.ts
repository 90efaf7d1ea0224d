import { countBelow, dropForeign, insert, noVersions, withdraw, type Version } from './versions.ts';

/** What a transaction adds to a balance; below zero: takes from it. */
export interface Credit extends Version {
  delta: bigint;
}

/**
 * What transactions added to one balance. Whoever is paid by every transaction of a block gets them in any order, and mostly nobody looks:
 * sums are made when they are asked for.
 */
export class Credits {
  #list: Credit[] = noVersions;
  /** Of the first one, of the first two, and so on; as far as they are known. */
  #sums: bigint[] | undefined;

  get count(): number {
    return this.#list.length;
  }

  /** By rising position, each once. */
  list(): readonly Credit[] {
    return this.#list;
  }

  /** In place of what the position added before. */
  put(credit: Credit): void {
    this.#forgetSums(credit.position);
    this.#list = insert(this.#list, credit);
  }

  /** Afterwards the position has added nothing. */
  withdraw(position: number): void {
    this.#forgetSums(position);
    withdraw(this.#list, position);
  }

  /** Afterwards none of another member is here. */
  dropForeign(): void {
    if (dropForeign(this.#list)) this.#sums = undefined;
  }

  /** How many are below the position. */
  countBelow(position: number): number {
    return countBelow(this.#list, position);
  }

  /** Of the first so many. */
  sum(count: number): bigint {
    if (count === 0) return 0n;
    const sums = (this.#sums ??= []);
    for (let at = sums.length; at < count; at++) sums.push((at === 0 ? 0n : sums[at - 1]!) + this.#list[at]!.delta);
    return sums[count - 1]!;
  }

  /** Those that the position's is in. */
  #forgetSums(position: number): void {
    if (this.#sums === undefined) return;
    const from = this.countBelow(position);
    if (this.#sums.length > from) this.#sums.length = from;
  }
}
