import { hexToBytes, type Address } from '@sheaf/primitives';
import type { BlockReader } from './block-reader.ts';
import type { Owners } from './owners.ts';

export interface EarlyReadingOptions {
  member: number;
  owners: Owners;
  /** Of each transaction, where it is known. */
  senders: readonly (Address | undefined)[];
  reader: Pick<BlockReader, 'steps' | 'read'>;
}

/** Positions that are looked at in one step. */
const positionsPerStep = 128;

/** What a member does while the coordinator places the block: reads the transactions of its own senders, most of which it will run. */
export class EarlyReading {
  readonly #options: EarlyReadingOptions;
  #next = 0;

  constructor(options: EarlyReadingOptions) {
    this.#options = options;
  }

  /** One piece of work. `false`: there is no more. */
  step(): boolean {
    const { member, owners, senders, reader } = this.#options;
    const first = this.#next;
    if (first === reader.steps.length) return false;
    this.#next = Math.min(reader.steps.length, first + positionsPerStep);
    const positions: number[] = [];
    const addresses: Uint8Array[] = [];
    for (let position = first; position < this.#next; position++) {
      const step = reader.steps[position]!;
      const sender = step.kind === 'transaction' ? senders[step.index] : undefined;
      if (sender === undefined) continue;
      positions.push(position);
      addresses.push(hexToBytes(sender));
    }
    const ownerOf = owners.ofAll(addresses);
    reader.read(positions.filter((_, at) => ownerOf[at] === member));
    return true;
  }
}
