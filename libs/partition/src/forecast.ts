// Which state a call will need, from calls of the same function before: which accounts, and which slots. Solidity puts the
// entry of a mapping at keccak256(key . place); the key is mostly the sender or an argument. A forecast that is wrong costs a
// question; one that is missing a run in vain. So it is learnt from calls that ran in vain, and from no others.
import type { Address } from '@sheaf/primitives';
import { bytesToHex, concatBytes, hexToBytes } from '@sheaf/primitives';
import { ByteMap } from '@sheaf/state';
import { keccakMany } from '@sheaf/trie';
import { addressesIn } from './addresses-in.ts';
import { forecastLimits as limits } from './limits.ts';
import { SLOT_WRITE, type PositionRun } from './position-run.ts';
import { addressOf, isPlain } from './usual-slots.ts';

/** What a call is known by before it runs. */
export interface CallShape {
  to: Address;
  sender: Address;
  data: Uint8Array;
}

/** What a call will need, as far as anybody can tell. */
export interface Foreseen {
  accounts: readonly Uint8Array[];
  slots: readonly ForeseenSlot[];
  /** Names of slots that calls like it write, whoever sends them: those with one in common depend on each other. */
  meets: readonly string[];
}

/** A slot of which `slotsOf` says which it is, given the words of the call. */
export interface ForeseenSlot {
  account: Uint8Array;
  place: Place;
}

/** A word of the call: 0 is the sender, 1 the callee, then the arguments. */
type Source = number;

export type Place =
  | { kind: 'fixed'; slot: Uint8Array }
  | { kind: 'entry'; key: Source; place: Uint8Array }
  | { kind: 'nested'; outer: Source; key: Source; place: Uint8Array };

interface KnownSlot extends ForeseenSlot {
  name: string;
  /** How many of the learnt calls looked at it, and how many changed it. */
  count: number;
  written: number;
}

/** What a call looked at. */
interface Lesson {
  words: readonly Uint8Array[];
  accounts: readonly Uint8Array[];
  slots: readonly { account: Uint8Array; slot: Uint8Array; written: boolean }[];
}

/** Of one function of one contract. */
interface Known {
  learnt: number;
  /** Calls that nobody has looked into yet: most functions are not called again. */
  unread: Lesson[];
  accounts: Map<string, { address: Uint8Array; count: number }>;
  slots: Map<string, KnownSlot>;
  /** What the next call will need, as long as nothing more is learnt. */
  usual: Foreseen | undefined;
}

/** What a call goes by: its function, and its function with whom it names first: what a router does depends on that. */
export interface CallNames {
  of: string;
  targeted: string | undefined;
}

/** `undefined`: it calls no function. */
export function callNames({ to, data }: CallShape): CallNames | undefined {
  if (data.length < 4) return undefined;
  const of = `${to}${bytesToHex(data.subarray(0, 4))}`;
  const target = addressesIn(data)[0];
  return { of, targeted: target === undefined ? undefined : of + bytesToHex(target) };
}

export class Forecast {
  readonly #known = new Map<string, Known>();

  /** After a call that ran in vain before the run that it is given with. */
  learn(call: CallShape, run: PositionRun): void {
    const names = callNames(call);
    if (names === undefined) return;
    const lesson = {
      words: wordsOf(call),
      // What is kept for long is copied: the block's keys share their buffers.
      accounts: run.accounts.map(({ cell }) => cell.address.slice()),
      slots: run.slots.map(({ account, slot, mask }) => {
        return { account: account.address.slice(), slot: slot.slice(), written: (mask & SLOT_WRITE) !== 0 };
      }),
    };
    this.#keep(names.of, lesson);
    if (names.targeted !== undefined) this.#keep(names.targeted, lesson);
  }

  /** How many calls of that name it has learnt from. */
  learnt(name: string | undefined): number {
    return (name === undefined ? undefined : this.#known.get(name))?.learnt ?? 0;
  }

  /** The same for all calls of the names, until more is learnt. */
  of(names: CallNames): Foreseen {
    const known =
      (names.targeted === undefined ? undefined : this.#known.get(names.targeted)) ?? this.#known.get(names.of);
    return known === undefined ? nothing : (known.usual ??= usualOf(known));
  }

  #keep(name: string, lesson: Lesson): void {
    let known = this.#known.get(name);
    if (known === undefined) {
      if (this.#known.size >= limits.functions) this.#known.delete(this.#known.keys().next().value!);
      this.#known.set(
        name,
        (known = { learnt: 0, unread: [], accounts: new Map(), slots: new Map(), usual: undefined }),
      );
    }
    if (known.learnt >= limits.callsLearnt || known.unread.length >= limits.callsUnread) return;
    known.learnt += 1;
    known.unread.push(lesson);
    known.usual = undefined;
  }
}

function usualOf(known: Known): Foreseen {
  for (const lesson of known.unread) read(known, lesson);
  known.unread = [];
  const accounts = [...known.accounts.values()].flatMap(({ address, count }) =>
    isUsual(count, known) ? [address] : [],
  );
  const slots: KnownSlot[] = [];
  const meets: string[] = [];
  for (const each of known.slots.values()) {
    const { name, place, count, written } = each;
    if (!isUsual(count, known)) continue;
    if (place.kind === 'fixed') {
      if (written > 0) meets.push(name);
    } else if (count * limits.entryShareMin < known.learnt) {
      continue;
    }
    slots.push(each);
  }
  return { accounts, slots, meets };
}

function read(known: Known, { words, accounts, slots }: Lesson): void {
  for (const address of accounts) {
    const name = bytesToHex(address);
    const account = known.accounts.get(name);
    if (account !== undefined) account.count += 1;
    else if (makeRoom(known.accounts)) known.accounts.set(name, { address, count: 1 });
  }
  const expected = new Map<string, KnownSlot>();
  const places = [...known.slots.values()];
  const slotsKnown = slotsOf(places.map(({ place }) => ({ place, words })));
  places.forEach((each, at) => expected.set(slotName(each.account, slotsKnown[at]!), each));
  let entries: Entries | undefined;
  for (const { account, slot, written } of slots) {
    let slotKnown = expected.get(slotName(account, slot));
    if (slotKnown === undefined) {
      if (!makeRoom(known.slots)) continue;
      // What nothing explains is taken to be the same in every call: the entry of a contract that is always asked.
      const place: Place = (isPlain(slot) ? undefined : (entries ??= new Entries(words)).get(slot)) ?? {
        kind: 'fixed',
        slot,
      };
      const name = `${bytesToHex(account)} ${describe(place)}`;
      slotKnown = { name, account, place, count: 0, written: 0 };
      known.slots.set(name, slotKnown);
    }
    slotKnown.count += 1;
    if (written) slotKnown.written += 1;
  }
}

const nothing: Foreseen = { accounts: [], slots: [], meets: [] };

/** Once is enough while there is no more to go by. */
function isUsual(count: number, { learnt }: Known): boolean {
  return count > 1 || learnt <= limits.callsFew;
}

/** One that was seen once goes for the next. `false`: there is no room. */
function makeRoom(seen: Map<string, { count: number }>): boolean {
  if (seen.size < limits.keysEach) return true;
  for (const [name, { count }] of seen) {
    if (count === 1) return seen.delete(name);
  }
  return false;
}

function slotName(account: Uint8Array, slot: Uint8Array): string {
  return `${bytesToHex(account)} ${bytesToHex(slot)}`;
}

const firstPlaces = Array.from({ length: limits.places }, (_, n) => wordOf(Uint8Array.of(n)));

/** What entries of mappings are found by: sender, callee, arguments. 32 bytes each. */
export function wordsOf({ sender, to, data }: CallShape): Uint8Array[] {
  const words = [wordOf(hexToBytes(sender)), wordOf(hexToBytes(to))];
  for (let at = 4; at + 32 <= data.length && words.length < 2 + limits.argumentsUsed; at += 32) {
    words.push(data.slice(at, at + 32));
  }
  return words;
}

function wordOf(bytes: Uint8Array): Uint8Array {
  const word = new Uint8Array(32);
  word.set(bytes, 32 - bytes.length);
  return word;
}

/** Where the entries of mappings at the first places would be, with every word as the key, and with two addresses. */
class Entries {
  readonly #found = new ByteMap<Place>(32, 256);
  /** Entries whose key is an address: a mapping may be in them. */
  readonly #outer: { key: Source; place: Uint8Array; base: Uint8Array }[] = [];
  readonly #words: readonly Uint8Array[];
  #nested = false;

  constructor(words: readonly Uint8Array[]) {
    this.#words = words;
    const tried = words.flatMap((word, key) => firstPlaces.map((place) => ({ key, word, place })));
    const bases = keccakMany(tried.map(({ word, place }) => concatBytes(word, place)));
    for (const [at, { key, word, place }] of tried.entries()) {
      const base = bases[at]!;
      this.#found.set(base, { kind: 'entry', key, place });
      if (addressOf(word) !== undefined) this.#outer.push({ key, place, base });
    }
  }

  get(slot: Uint8Array): Place | undefined {
    const found = this.#found.get(slot);
    if (found !== undefined || this.#nested) return found;
    this.#nested = true;
    this.#addNested();
    return this.#found.get(slot);
  }

  #addNested(): void {
    const addresses = [...this.#words.entries()].filter(([, word]) => addressOf(word) !== undefined);
    const tried = this.#outer.flatMap((outer) => addresses.map(([key, word]) => ({ outer, key, word })));
    const slots = keccakMany(tried.map(({ outer, word }) => concatBytes(word, outer.base)));
    for (const [at, { outer, key }] of tried.entries()) {
      this.#found.set(slots[at]!, { kind: 'nested', outer: outer.key, key, place: outer.place });
    }
  }
}

/** The slot of each: hashed all together. */
export function slotsOf(list: readonly { place: Place; words: readonly Uint8Array[] }[]): Uint8Array[] {
  const preimage = (words: readonly Uint8Array[], source: Source, after: Uint8Array) =>
    concatBytes(words[source] ?? zeroWord, after);
  const first = keccakMany(
    list.flatMap(({ place, words }) => {
      if (place.kind === 'fixed') return [];
      return [preimage(words, place.kind === 'entry' ? place.key : place.outer, place.place)];
    }),
  ).values();
  const bases = list.map(({ place }) => (place.kind === 'fixed' ? place.slot : first.next().value!));
  const second = keccakMany(
    list.flatMap(({ place, words }, at) => (place.kind === 'nested' ? [preimage(words, place.key, bases[at]!)] : [])),
  ).values();
  return list.map(({ place }, at) => (place.kind === 'nested' ? second.next().value! : bases[at]!));
}

const zeroWord = new Uint8Array(32);

function describe(place: Place): string {
  if (place.kind === 'fixed') return bytesToHex(place.slot);
  const at = bytesToHex(place.place);
  return place.kind === 'entry' ? `${place.key} ${at}` : `${place.outer} ${place.key} ${at}`;
}
