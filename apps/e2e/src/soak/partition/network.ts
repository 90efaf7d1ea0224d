import type { Random } from '../../random.ts';

/** A message on its way. A life is one run of a member's process: each crash begins another. */
export interface Flight {
  from: number;
  fromLife: number;
  to: number;
  toLife: number;
  message: Uint8Array;
}

export interface NetworkManners {
  /** How many of the messages that have waited longest one is picked from; 1: all arrive in the order they were sent. */
  reorder: number;
  /** One in so many arrives once more, later; 0: none. */
  duplicateOneIn: number;
  /** One in so many comes when nothing else can be done; 0: none. */
  lateOneIn: number;
}

/** At most so many messages of attempts that are over come again: the oldest are forgotten. */
const staleMax = 64;

/** Messages between members: late, in another order, twice; lost only with a member. */
export class Network {
  readonly #random: Random;
  readonly #manners: NetworkManners;
  #flights: Flight[] = [];
  #late: Flight[] = [];
  /** Delivered once; they may come again, long after. */
  #stale: Flight[] = [];
  sent = 0;
  bytes = 0;

  constructor(random: Random, manners: NetworkManners) {
    this.#random = random;
    this.#manners = manners;
  }

  send(flight: Flight): void {
    this.sent += 1;
    this.bytes += flight.message.length;
    const { lateOneIn } = this.#manners;
    if (lateOneIn > 0 && this.#random.oneIn(lateOneIn)) this.#late.push(flight);
    else this.#flights.push(flight);
  }

  /** Afterwards one of the late messages is no longer late. `false`: there is none. */
  hurry(): boolean {
    if (this.#late.length === 0) return false;
    this.#flights.push(...this.#late.splice(this.#random.below(this.#late.length), 1));
    return true;
  }

  /** The next message that may arrive, off its way; `undefined` when there is none. */
  take(mayArrive: (flight: Flight) => boolean): Flight | undefined {
    const { reorder, duplicateOneIn } = this.#manners;
    const candidates: number[] = [];
    for (let at = 0; at < this.#flights.length && candidates.length < reorder; at++) {
      if (mayArrive(this.#flights[at]!)) candidates.push(at);
    }
    if (candidates.length === 0) return undefined;
    const [flight] = this.#flights.splice(candidates[this.#random.below(candidates.length)]!, 1);
    if (duplicateOneIn > 0 && this.#random.oneIn(duplicateOneIn)) {
      if (this.#random.oneIn(2)) this.#flights.push(flight!);
      else this.#keepStale(flight!);
    }
    return flight;
  }

  /** A message of long ago once more. */
  takeStale(mayArrive: (flight: Flight) => boolean): Flight | undefined {
    const flight = this.#stale[this.#random.below(this.#stale.length)];
    return flight !== undefined && mayArrive(flight) ? flight : undefined;
  }

  /** It does not come again: whoever refuses a message closes the connection that it came on. */
  forget(flight: Flight): void {
    this.#stale = this.#stale.filter((each) => each !== flight);
  }

  /** The member is lost, and with it all, some or none of what is on its way from and to it; some comes much later. */
  lose(member: number): void {
    const share = [0, 1, 2, 4][this.#random.below(4)]!;
    const stays = (flight: Flight): boolean => {
      if (flight.from !== member && flight.to !== member) return true;
      if (this.#random.below(4) >= share) return true;
      if (this.#random.oneIn(2)) this.#keepStale(flight);
      return false;
    };
    this.#flights = this.#flights.filter(stays);
    this.#late = this.#late.filter(stays);
  }

  #keepStale(flight: Flight): void {
    this.#stale.push(flight);
    if (this.#stale.length > staleMax) this.#stale.shift();
  }
}
