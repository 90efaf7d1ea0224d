// What transactions will need, before they run: it is asked for, and those that would meet take turns.
import { hexToBytes } from '@sheaf/primitives';
import type { BlockReader } from './block-reader.ts';
import type { Exchange } from './exchange.ts';
import type { Executor, Wanted } from './executor.ts';
import {
  callNames,
  slotsOf,
  wordsOf,
  type CallNames,
  type CallShape,
  type Forecast,
  type Foreseen,
  type Place,
} from './forecast.ts';
import { forecastLimits } from './limits.ts';
import { slotCell, type AccountCell, type VersionedMemory } from './memory.ts';
import type { PositionRun } from './position-run.ts';
import type { Turns } from './turns.ts';

export interface ReadAheadOptions {
  member: number;
  members: number;
  memory: VersionedMemory;
  reader: BlockReader;
  executor: Pick<Executor, 'round'>;
  exchange: Exchange;
  forecast: Forecast;
}

/** Transactions, a member of the lane, that are read in one step, so that what they will need of each is asked for together. */
const readPerMember = 64;
const readPerStepMax = 256;

/** What is other members' of what a call will need. */
interface RemotePart {
  /** The same for each call. */
  fixed: Wanted[];
  entries: RemoteEntry[];
}

interface RemoteEntry {
  cell: AccountCell;
  place: Place;
}

/** Of one member's positions of one round. */
export class ReadAhead {
  readonly #options: ReadAheadOptions;
  /** By rising position. */
  readonly #own: readonly number[];
  readonly #turns: Turns<Wanted>;
  #readCount = 0;
  /** By a name that is shared, the last position that has it, and the first. */
  readonly #lastOf = new Map<string, number>();
  readonly #firstOf = new Map<string, number>();
  /** Calls that have no run. */
  readonly #calls = new Map<number, { call: CallShape; names: CallNames }>();
  /** Of others' accounts, by what the forecast says: calls of one name share it. */
  readonly #remote = new Map<Foreseen, RemotePart>();
  /** Entries of others' accounts, which calls that were read last will need. */
  #entries: (RemoteEntry & { position: number; words: readonly Uint8Array[] })[] = [];

  constructor(options: ReadAheadOptions, own: readonly number[], turns: Turns<Wanted>) {
    this.#options = options;
    this.#own = own;
    this.#turns = turns;
  }

  /** Whether all have been read. */
  get done(): boolean {
    return this.#readCount === this.#own.length;
  }

  /** The position has run: nothing needs to be known of it any more. */
  ran(position: number): void {
    this.#calls.delete(position);
  }

  /** Reads transactions ahead and asks for what they will need for certain. */
  step(): void {
    if (this.#options.memory.alone) {
      this.#readCount = this.#own.length;
      return;
    }
    const count = Math.min(readPerStepMax, readPerMember * this.#options.members);
    const end = Math.min(this.#own.length, this.#readCount + count);
    const addresses: Uint8Array[] = [];
    const positions = this.#own.slice(this.#readCount, end);
    this.#options.reader.read(positions);
    const read = positions.flatMap((position) => {
      const read = this.#options.reader.transaction(position);
      if (read?.transaction === undefined) return [];
      const { transaction, sender } = read;
      const from = hexToBytes(sender);
      const to = transaction.to === undefined ? undefined : hexToBytes(transaction.to);
      addresses.push(from);
      if (to !== undefined) addresses.push(to);
      return [{ position, transaction, sender, from, to }];
    });
    this.#options.memory.expect(addresses);
    for (const { position, transaction, sender, from, to } of read) {
      this.#takeTurns(position, sender);
      this.#expectAccount(position, from);
      if (to === undefined) continue;
      this.#expectAccount(position, to);
      const { data } = transaction;
      if (data.length >= 4) this.#expectCall(position, { to: transaction.to!, sender, data });
    }
    this.#expectEntries();
    this.#readCount = end;
    this.#options.exchange.flush();
  }

  /** Of those with the name one runs after the other. */
  #takeTurns(position: number, name: string): void {
    const last = this.#lastOf.get(name);
    if (last !== undefined && last < position) this.#turns.follow(position, last);
    if (last === undefined || last < position) this.#lastOf.set(name, position);
  }

  #expectAccount(position: number, address: Uint8Array): void {
    const cell = this.#options.memory.cell(address);
    if (cell.owner !== this.#options.member) this.#expect(position, { kind: 'account', cell });
  }

  /** Asks for it, unless it is here. */
  #expect(position: number, wanted: Wanted): void {
    const { base } = wanted.kind === 'slot' ? wanted.slotCell : wanted.cell;
    if (base === undefined) this.#options.exchange.ask(wanted);
    this.#turns.expect(position, wanted);
  }

  #expectCall(position: number, call: CallShape): void {
    const { forecast } = this.#options;
    const names = callNames(call);
    if (names === undefined) return;
    this.#calls.set(position, { call, names });
    // Of calls that nobody knows yet the first one finds out what all need.
    if (forecast.learnt(names.of) === 0) {
      this.#followFirst(position, names.of);
      this.#followFirst(position, call.to);
    }
    if (names.targeted !== undefined && forecast.learnt(names.targeted) === 0)
      this.#followFirst(position, names.targeted);
    const foreseen = forecast.of(names);
    for (const name of foreseen.meets) this.#takeTurns(position, name);
    const { fixed, entries } = this.#remoteOf(foreseen);
    for (const wanted of fixed) this.#expect(position, wanted);
    if (entries.length === 0) return;
    const words = wordsOf(call);
    for (const { cell, place } of entries) this.#entries.push({ cell, place, position, words });
  }

  #remoteOf(foreseen: Foreseen): RemotePart {
    let part = this.#remote.get(foreseen);
    if (part !== undefined) return part;
    this.#remote.set(foreseen, (part = { fixed: [], entries: [] }));
    const { memory, member } = this.#options;
    for (const address of foreseen.accounts) {
      const cell = memory.cell(address);
      if (cell.owner !== member) part.fixed.push({ kind: 'account', cell });
    }
    for (const { account, place } of foreseen.slots) {
      const cell = memory.cell(account);
      if (cell.owner === member) continue;
      if (place.kind !== 'fixed') part.entries.push({ cell, place });
      else part.fixed.push({ kind: 'slot', cell, slot: place.slot, slotCell: slotCell(cell, place.slot) });
    }
    return part;
  }

  /** Asks for the entries that calls are expected to need: hashed all together. */
  #expectEntries(): void {
    const slots = slotsOf(this.#entries);
    for (const [at, { position, cell }] of this.#entries.entries()) {
      const slot = slots[at]!;
      this.#expect(position, { kind: 'slot', cell, slot, slotCell: slotCell(cell, slot) });
    }
    this.#entries = [];
  }

  #followFirst(position: number, name: string): void {
    const first = this.#firstOf.get(name);
    if (first === undefined) this.#firstOf.set(name, position);
    else if (first < position) this.#turns.follow(position, first);
  }

  /** What a call looked at that ran in vain says what calls like it will. */
  learn(position: number, run: PositionRun): void {
    const read = this.#options.reader.transaction(position);
    if (run.outcome.kind !== 'included' || read?.transaction === undefined) return;
    const { sender, transaction } = read;
    const { to, data } = transaction;
    if (to === undefined) return;
    const { forecast } = this.#options;
    const call = { to, sender, data };
    forecast.learn(call, run);
    const names = callNames(call);
    if (names === undefined || this.#options.executor.round > 1) return;
    // Those that wait know more now. What is known of whom they are sent to comes first.
    const few = forecast.learnt(names.of) <= forecastLimits.callsFew;
    for (const [other, { call, names: theirs }] of this.#calls) {
      if (theirs.of !== names.of) continue;
      const targeted = theirs.targeted === names.targeted;
      if (targeted || (few && forecast.learnt(theirs.targeted) === 0)) this.#expectCall(other, call);
    }
    this.#expectEntries();
  }
}
