/** What takes about as long as hashing a changed account or slot: a third of a transfer. */
const gasPerKey = 7_000;

/**
 * What hashing changed accounts and slots is worth at each owner, as part of a block's gas, as it was in the last block. All slots of one
 * account are one owner's: a block of calls to one contract keeps its owner busy whoever runs them.
 */
export class HashedKeys {
  readonly #shares: Float64Array;

  constructor(members: number) {
    this.#shares = new Float64Array(members);
  }

  /** `keys`: by member, of a block that used so much gas. */
  note(keys: readonly number[], gasUsed: bigint): void {
    const gas = Math.max(1, Number(gasUsed));
    keys.forEach((count, member) => (this.#shares[member] = Math.min(1, (count * gasPerKey) / gas)));
  }

  /** By member, 0 to 1. */
  shares(): Float64Array {
    return this.#shares.slice();
  }
}
