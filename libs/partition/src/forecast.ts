// Which state a call will need, from calls of the same function before: which accounts, and which slots. Solidity puts the
// entry of a mapping at keccak256(key . place); the key is mostly the sender or an argument. A forecast that is wrong costs a
// question; one that is missing a run in vain.
import type { Address } from '@sheaf/primitives';
import { bytesToHex, concatBytes, hexToBytes } from '@sheaf/primitives';
import { ByteMap } from '@sheaf/state';
import { keccak256 } from '@sheaf/trie';
import { addressesIn } from './addresses-in.ts';
import { forecastLimits as limits } from './limits.ts';
import type { PositionRun } from './position-run.ts';

/** What a call is known by before it runs. */
export interface CallShape {
  to: Address;
  sender: Address;
  data: Uint8Array;
}

/** A word of the call: 0 is the sender, 1 the callee, then the arguments. */
type Source = number;

type Place =
  | { kind: 'fixed'; slot: Uint8Array }
  | { kind: 'entry'; key: Source; place: Uint8Array }
  | { kind: 'nested'; outer: Source; key: Source; place: Uint8Array };

/** Of one function of one contract. */
interface Known {
  calls: number;
  learnt: number;
  /** By their address, how many of the learnt calls looked at them. */
  accounts: Map<string, number>;
  slots: Map<string, { account: Uint8Array; place: Place; count: number }>;
}

export class Forecast {
  readonly #functions = new Map<string, Known>();
  /** Of functions with their first argument that is an address: what a router does depends on whom it is sent to. */
  readonly #targeted = new Map<string, Known>();

  /** After a call of which the run counts. */
  learn(call: CallShape, run: PositionRun): void {
    const name = nameOf(call);
    if (name === undefined) return;
    const target = addressesIn(call.data)[0];
    this.#learn(this.#functions, name, call, run);
    if (target !== undefined) this.#learn(this.#targeted, name + target, call, run);
  }

  #learn(functions: Map<string, Known>, name: string, call: CallShape, run: PositionRun): void {
    let known = functions.get(name);
    if (known === undefined) {
      if (functions.size >= limits.functions) functions.clear();
      functions.set(name, (known = { calls: 0, learnt: 0, accounts: new Map(), slots: new Map() }));
    }
    known.calls += 1;
    if (known.calls <= limits.callsBefore || known.learnt >= limits.callsLearnt) return;
    known.learnt += 1;
    for (const { cell } of run.accounts) {
      const address = bytesToHex(cell.address);
      known.accounts.set(address, (known.accounts.get(address) ?? 0) + 1);
    }
    const words = wordsOf(call);
    const entries = entriesOf(words);
    for (const { account, slot } of run.slots) {
      if (known.slots.size >= limits.slotsEach) return;
      const place = explain(slot, words, entries);
      if (place === undefined) continue;
      const entry = `${bytesToHex(account.address)} ${describe(place)}`;
      const count = (known.slots.get(entry)?.count ?? 0) + 1;
      known.slots.set(entry, { account: account.address, place, count });
    }
  }

  /** The accounts and slots that the call will need, as far as anybody can tell. */
  of(call: CallShape): { accounts: Uint8Array[]; slots: { account: Uint8Array; slot: () => Uint8Array }[] } {
    const name = nameOf(call);
    if (name === undefined) return nothing;
    const target = addressesIn(call.data)[0];
    const known = learntOf(this.#targeted.get(name + (target ?? ''))) ?? learntOf(this.#functions.get(name));
    if (known === undefined) return nothing;
    const words = wordsOf(call);
    const accounts: Uint8Array[] = [];
    for (const [address, count] of known.accounts) if (count > 1) accounts.push(hexToBytes(address));
    const slots: { account: Uint8Array; slot: () => Uint8Array }[] = [];
    for (const { account, place, count } of known.slots.values()) {
      if (count > 1) slots.push({ account, slot: () => slotOf(place, words) });
    }
    return { accounts, slots };
  }
}

const nothing = { accounts: [], slots: [] };

function learntOf(known: Known | undefined): Known | undefined {
  return known !== undefined && known.learnt > 1 ? known : undefined;
}

function nameOf({ to, data }: CallShape): string | undefined {
  return data.length < 4 ? undefined : `${to}${bytesToHex(data.subarray(0, 4))}`;
}

/** 32 bytes each. */
function wordsOf({ sender, to, data }: CallShape): Uint8Array[] {
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

/** Where the entries of mappings at the first places would be, for every word as the key. */
function entriesOf(words: readonly Uint8Array[]): ByteMap<{ key: Source; place: Uint8Array }> {
  const entries = new ByteMap<{ key: Source; place: Uint8Array }>(32, 64);
  words.forEach((word, key) => {
    for (let n = 0; n < limits.places; n++) {
      const place = wordOf(Uint8Array.of(n));
      entries.set(keccak256(concatBytes(word, place)), { key, place });
    }
  });
  return entries;
}

function explain(
  slot: Uint8Array,
  words: readonly Uint8Array[],
  entries: ByteMap<{ key: Source; place: Uint8Array }>,
): Place | undefined {
  // Nobody finds a hash that begins with so many zeros.
  if (slot.subarray(0, 16).every((byte) => byte === 0)) return { kind: 'fixed', slot };
  const entry = entries.get(slot);
  if (entry !== undefined) return { kind: 'entry', ...entry };
  const outer = entries.values();
  for (let index = 0; index < outer.length; index++) {
    const base = entries.keyAt(index);
    for (const [key, word] of words.entries()) {
      const nested = keccak256(concatBytes(word, base));
      if (nested.every((byte, i) => byte === slot[i])) {
        return { kind: 'nested', outer: outer[index]!.key, key, place: outer[index]!.place };
      }
    }
  }
  return undefined;
}

function slotOf(place: Place, words: readonly Uint8Array[]): Uint8Array {
  if (place.kind === 'fixed') return place.slot;
  const word = (source: Source) => words[source] ?? new Uint8Array(32);
  if (place.kind === 'entry') return keccak256(concatBytes(word(place.key), place.place));
  const base = keccak256(concatBytes(word(place.outer), place.place));
  return keccak256(concatBytes(word(place.key), base));
}

function describe(place: Place): string {
  if (place.kind === 'fixed') return bytesToHex(place.slot);
  const at = bytesToHex(place.place);
  return place.kind === 'entry' ? `${place.key} ${at}` : `${place.outer} ${place.key} ${at}`;
}
