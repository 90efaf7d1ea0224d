// What a run in vain says of contracts that it had not seen: those of one code look at the same state variables, entries of an
// array lie one after the other, and an address that is stored is mostly called next.
import { ByteMap, isEmptyCode } from '@sheaf/state';
import { usualSlotsLimits as limits } from './limits.ts';

/** State variables that contracts look at, by the hash of their code; kept between blocks. */
export class UsualSlots {
  #byCode = new ByteMap<Uint8Array[]>(32, 64);

  /** A contract with the code lacked the slot. */
  learn(codeHash: Uint8Array, slot: Uint8Array): void {
    if (!isPlain(slot) || isEmptyCode(codeHash)) return;
    const slots = this.#byCode.get(codeHash);
    if (slots === undefined) {
      if (this.#byCode.size >= limits.codes) this.#byCode = new ByteMap<Uint8Array[]>(32, 64);
      this.#byCode.set(codeHash, [slot.slice()]);
    } else if (slots.length < limits.slotsEach && !slots.some((each) => each.every((byte, at) => byte === slot[at]))) {
      slots.push(slot.slice());
    }
  }

  of(codeHash: Uint8Array): readonly Uint8Array[] {
    return this.#byCode.get(codeHash) ?? none;
  }
}

const none: readonly Uint8Array[] = [];

/** Of a state variable: nobody finds a hash that begins with so many zeros. */
export function isPlain(slot: Uint8Array): boolean {
  return isZero(slot, 0, 16);
}

/** The slot so many further on; `undefined` where that takes more than the last two bytes. */
export function slotAfter(slot: Uint8Array, steps: number): Uint8Array | undefined {
  const low = slot[30]! * 256 + slot[31]! + steps;
  if (low < 0 || low > 0xffff) return undefined;
  const after = slot.slice();
  after[30] = low >> 8;
  after[31] = low & 0xff;
  return after;
}

/** The word as an address, when it looks like one. */
export function addressOf(word: Uint8Array): Uint8Array | undefined {
  return isZero(word, 0, 12) && !isZero(word, 12, 16) ? word.subarray(12) : undefined;
}

/** Without a view of the part: it is asked for thousands of times a block. */
function isZero(bytes: Uint8Array, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}
