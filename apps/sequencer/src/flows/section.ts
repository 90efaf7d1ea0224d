/**
 * A critical section: what changes the mempool runs here, one at a time in the order asked. The database and the
 * memory change together inside, so that nobody sees one without the other.
 */
export class Section {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
