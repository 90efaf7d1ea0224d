/**
 * How many changed accounts and slots each owner had to hash in the last block: all slots of one account are one owner's, so that a block
 * of calls to one contract keeps its owner busy whoever runs them.
 */
export class HashedKeys {
  readonly #perPosition: Float64Array;

  constructor(members: number) {
    this.#perPosition = new Float64Array(members);
  }

  /** `keys`: by member, of a block of so many positions. */
  note(keys: readonly number[], positions: number): void {
    keys.forEach((count, member) => (this.#perPosition[member] = count / positions));
  }

  /** By member, for a block of so many positions: as many as in the last one, in proportion. */
  expected(positions: number): Float64Array {
    return this.#perPosition.map((each) => each * positions);
  }
}
