import { ByteMap } from '@sheaf/state';
import { CoordinatorShare } from './coordinator-share.ts';
import { Forecast } from './forecast.ts';
import { partitionLimits } from './limits.ts';
import { Owners } from './owners.ts';
import { UsualSlots } from './usual-slots.ts';

/** What a member has learnt from blocks: it makes the next ones faster and decides nothing. Bounded. */
export class Experience {
  /** What calls need. */
  readonly forecast = new Forecast();
  readonly usualSlots = new UsualSlots();
  /** Contracts whose calls have met although they named nobody in common; the coordinator's. */
  readonly serial = new Set<string>();
  readonly owners: Owners;
  /** The coordinator's. */
  readonly share: CoordinatorShare;
  #codes = new ByteMap<Uint8Array>(32, 64);
  #codeBytes = 0;
  #codesCounted = 0;

  readonly members: number;

  constructor(members: number) {
    this.members = members;
    this.owners = new Owners(members);
    this.share = new CoordinatorShare(members);
  }

  /** Codes by their hash, for one block, which adds to them. When they have become too many there are none. */
  codes(): ByteMap<Uint8Array> {
    const codes = this.#codes.values();
    for (; this.#codesCounted < codes.length; this.#codesCounted++) {
      this.#codeBytes += codes[this.#codesCounted]!.length;
    }
    if (this.#codeBytes > partitionLimits.codeBytesKeptMax) {
      this.#codes = new ByteMap<Uint8Array>(32, 64);
      this.#codeBytes = 0;
      this.#codesCounted = 0;
    }
    return this.#codes;
  }
}
