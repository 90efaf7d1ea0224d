import type { ChainSpec } from '@sheaf/protocol';

/** One of each fork and chain id, made when it is first asked for: what outlives the cases, as it outlives blocks in a service. */
export class PerChain<T> {
  readonly #make: (spec: ChainSpec) => T;
  readonly #made = new Map<string, T>();

  constructor(make: (spec: ChainSpec) => T) {
    this.#make = make;
  }

  of(spec: ChainSpec): T {
    const name = `${spec.fork} ${spec.chainId}`;
    let made = this.#made.get(name);
    if (made === undefined) this.#made.set(name, (made = this.#make(spec)));
    return made;
  }
}
