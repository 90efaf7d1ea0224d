/** Of the first block, by trial. */
const firstShare = 0.15;
const shareMax = 0.75;
const shareStep = 0.02;

/**
 * What the coordinator does beside its transactions, placing, receipts and the header, as part of a block's gas. What that is depends on
 * the calls, on how long others hash, and on the machine: when others had to wait for the coordinator it gets less to run from the next
 * block on, else more.
 */
export class CoordinatorShare {
  readonly #max: number;
  #share: number;

  constructor(members: number) {
    // From one member's share of all on it runs nothing.
    this.#max = members === 1 ? 0 : Math.min(shareMax, 1 / (members - 1));
    this.#share = Math.min(firstShare, this.#max);
  }

  /** 0 to 0.75. */
  get value(): number {
    return this.#share;
  }

  /** Of a block: whether others waited for the coordinator. */
  note(late: boolean): void {
    this.#share = Math.max(0, Math.min(this.#max, this.#share + (late ? shareStep : -shareStep)));
  }
}
