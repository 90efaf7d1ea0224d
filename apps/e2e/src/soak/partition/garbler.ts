import type { Random } from '../../random.ts';

/** How a message is damaged: never so that it would pass for a right one. */
export const damages = [
  'truncated',
  'extended',
  'random',
  'random-body',
  'other-height',
  'too-large',
  'other-payload',
  'other-kind',
  'other-round',
] as const;
export type Damage = (typeof damages)[number];

const kindPlace = 1;
const kindReport = 4;
const kindFinals = 8;
/** Only the coordinator says these. */
const kindsOfCoordinator = [1, 5, 7, 11];
/** Over `partitionLimits.messageBytesMax`. */
let tooLarge: Uint8Array | undefined;

/** One member of a lane whose messages are damaged now and then. */
export class Garbler {
  readonly member: number;
  readonly counts = new Map<Damage, number>();
  readonly #random: Random;
  readonly #oneIn: number;
  #left = 0;
  #damaged = false;

  constructor(random: Random, member: number, oneIn: number) {
    this.#random = random;
    this.member = member;
    this.#oneIn = oneIn;
  }

  /** So many messages may be damaged from now on. */
  allow(count: number): void {
    this.#left = count;
  }

  /** None is damaged from now on. */
  rest(): void {
    this.#left = 0;
  }

  /** Whether any message was damaged so far. */
  hasDamaged(): boolean {
    return this.#damaged;
  }

  /** What goes out instead of the message. */
  sent(from: number, to: number, message: Uint8Array): Uint8Array[] {
    if (from !== this.member || this.#left === 0 || !this.#random.oneIn(this.#oneIn)) return [message];
    const damage = damages[this.#random.below(damages.length)]!;
    const damaged = damageMessage(this.#random, damage, from, to, message);
    if (damaged === undefined) return [message];
    this.#left -= 1;
    this.#damaged = true;
    this.counts.set(damage, (this.counts.get(damage) ?? 0) + 1);
    return this.#random.oneIn(2) ? [damaged] : [damaged, message];
  }
}

/** `undefined`: such a message cannot be damaged so. */
export function damageMessage(
  random: Random,
  damage: Damage,
  from: number,
  to: number,
  message: Uint8Array,
): Uint8Array | undefined {
  const { heightEnd, kindAt } = envelopeOf(message);
  const kind = message[kindAt]!;
  switch (damage) {
    case 'truncated': {
      const length = random.below(message.length);
      // The end of the coordinator's order to finish is its kind.
      return message.slice(0, length);
    }
    case 'extended':
      return Uint8Array.from([...message, ...random.bytes(1 + random.below(40))]);
    case 'random':
      return random.bytes(random.below(200));
    case 'random-body':
      return Uint8Array.from([...message.subarray(0, kindAt + 1), ...random.bytes(60 + random.below(200))]);
    case 'other-height': {
      // Heights here are of one byte.
      if (heightEnd !== 2) return undefined;
      const other = message.slice();
      other[1] = random.oneIn(2) ? other[1]! + 1 : Math.max(0, other[1]! - 1);
      return other;
    }
    case 'too-large':
      return (tooLarge ??= new Uint8Array(64 * 2 ** 20 + 1));
    case 'other-payload': {
      if (kind !== kindPlace) return undefined;
      const other = message.slice();
      other[kindAt + 1 + random.below(32)]! ^= 1 << random.below(8);
      return other;
    }
    case 'other-kind': {
      if (from === 0) return undefined;
      const kinds = to === 0 ? kindsOfCoordinator : [...kindsOfCoordinator, kindReport];
      const other = message.slice();
      other[kindAt] = kinds[random.below(kinds.length)]!;
      return other;
    }
    case 'other-round': {
      if (message[kindAt] !== kindFinals) return undefined;
      const round = [0xff, 0xff, 0xff, 0x7f];
      return Uint8Array.of(...message.subarray(0, kindAt + 1), ...round, ...message.subarray(kindAt + 2));
    }
  }
}

/** A version, four numbers as LEB128 (the height, the session, the attempt, the sequence), the kind. */
export function envelopeOf(message: Uint8Array): { heightEnd: number; kindAt: number } {
  const ends: number[] = [];
  for (let at = 1; ends.length < 4; at++) if (message[at]! < 128) ends.push(at + 1);
  return { heightEnd: ends[0]!, kindAt: ends[3]! };
}
