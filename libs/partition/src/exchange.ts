// What members have of one another's state: questions and their answers, and scouts that find out what to ask.
import type { HostAccount } from '@sheaf/evm';
import { bytesToHex, pooledCopy } from '@sheaf/primitives';
import { isEmptyCode, type ByteMap, type StateReader } from '@sheaf/state';
import { ByteWriter, type ByteReader } from './bytes.ts';
import type { Executor, Wanted } from './executor.ts';
import { partitionLimits, usualSlotsLimits } from './limits.ts';
import { slotCell, type AccountCell, type SlotCell, type VersionedMemory } from './memory.ts';
import { kinds } from './messages.ts';
import { PartsPicker, readCells, writeCells } from './shipped-cells.ts';
import type { Step } from './steps.ts';
import { addressOf, isPlain, slotAfter, type UsualSlots } from './usual-slots.ts';

export interface ExchangeOptions {
  member: number;
  members: number;
  steps: readonly Step[];
  memory: VersionedMemory;
  executor: Executor;
  /** The member's own accounts, before the block. */
  state: StateReader;
  codes: ByteMap<Uint8Array>;
  usualSlots: UsualSlots;
  send(to: number, kind: number, body: Uint8Array): void;
}

const noBytes = new Uint8Array(0);

/** One member's part in it, for one block. */
export class Exchange {
  /** Keys that were asked of others. */
  remoteReads = 0;
  readonly #options: ExchangeOptions;
  readonly #asks = new Map<number, Wanted[]>();
  readonly #codesAsked = new Set<string>();
  /** Positions that ran in vain, how often, until they did not. */
  readonly #vain = new Map<number, number>();

  constructor(options: ExchangeOptions) {
    this.#options = options;
  }

  /** A round begins: what was asked for in the one before does not come any more. */
  beginRound(): void {
    this.#codesAsked.clear();
  }

  /** The position has run. Whether it had run in vain before. */
  ran(position: number): boolean {
    return this.#vain.delete(position);
  }

  /** Whether it is here, with what is needed next when one has it. */
  here(wanted: Wanted): boolean {
    const { round } = this.#options.executor;
    if (wanted.kind === 'code') return this.#options.codes.get(wanted.codeHash) !== undefined;
    const cell = wanted.kind === 'slot' ? wanted.slotCell : wanted.cell;
    if (cell.awaited > 0 || (round > 1 && cell.complete !== round)) return false;
    return round > 1 || (wanted.kind === 'slot' ? this.#hasNamed(wanted.slotCell) : this.#hasUsual(wanted.cell));
  }

  /** Asks for the account whose address the slot has. `false`: it is not here. */
  #hasNamed({ base }: SlotCell): boolean {
    const address = base ? addressOf(base) : undefined;
    if (address === undefined) return true;
    const cell = this.#options.memory.cell(address);
    if (cell.owner === this.#options.member) return true;
    if (cell.base === undefined) this.ask({ kind: 'account', cell });
    return cell.awaited === 0 && this.#hasUsual(cell);
  }

  /** Asks for the account's code and what contracts of that code look at. `false`: it is not here. */
  #hasUsual(cell: AccountCell): boolean {
    if (!cell.base || isEmptyCode(cell.base.codeHash)) return true;
    const { codeHash } = cell.base;
    let here = this.#options.codes.get(codeHash) !== undefined;
    if (!here) this.ask({ kind: 'code', cell, codeHash });
    if (!cell.base.hasStorage) return here;
    for (const slot of this.#options.usualSlots.of(codeHash)) {
      const part = slotCell(cell, slot);
      if (part.base === undefined) this.ask({ kind: 'slot', cell, slot, slotCell: part });
      if (part.awaited > 0) here = false;
    }
    return here;
  }

  /** Learns from a slot that is lacking, and asks for those that follow it where it follows one that is known. */
  askAround(cell: AccountCell, slot: Uint8Array): void {
    if (cell.base) this.#options.usualSlots.learn(cell.base.codeHash, slot);
    if (isPlain(slot)) return;
    const before = slotAfter(slot, -1);
    if (before === undefined || cell.slots?.get(before)?.base === undefined) return;
    for (let steps = 1; steps <= usualSlotsLimits.slotsAhead; steps++) {
      const next = slotAfter(slot, steps);
      if (next === undefined) return;
      const part = slotCell(cell, next);
      if (part.base === undefined) this.ask({ kind: 'slot', cell, slot: next, slotCell: part });
    }
  }

  /** With the next `flush`, unless it has been asked for. */
  ask(wanted: Wanted): void {
    const { member, members } = this.#options;
    const others = this.#options.executor.round > 1 && wanted.kind !== 'code';
    if (wanted.kind === 'code') {
      const name = bytesToHex(wanted.codeHash);
      if (this.#codesAsked.has(name)) return;
      this.#codesAsked.add(name);
    } else {
      const cell = wanted.kind === 'slot' ? wanted.slotCell : wanted.cell;
      if (cell.awaited > 0) return;
      cell.awaited = others ? members - 1 : 1;
    }
    this.remoteReads += 1;
    for (let to = 0; to < members; to++) {
      if (to === member || (!others && to !== wanted.cell.owner)) continue;
      const list = this.#asks.get(to);
      if (list === undefined) this.#asks.set(to, [wanted]);
      else list.push(wanted);
    }
  }

  /** Sends what is to be asked. */
  flush(): void {
    for (const [to, list] of this.#asks) {
      const writer = new ByteWriter(32 * list.length + 16);
      writer.number(this.#options.executor.round);
      writer.number(list.length);
      for (const wanted of list) {
        writer.byte(wanted.kind === 'account' ? 0 : wanted.kind === 'slot' ? 1 : 2);
        writer.fixed(wanted.cell.address);
        if (wanted.kind === 'slot') writer.fixed(wanted.slot);
        if (wanted.kind === 'code') writer.fixed(wanted.codeHash);
      }
      this.#options.send(to, kinds.ASK, writer.finish());
    }
    this.#asks.clear();
  }

  /**
   * What a run lacks may say what it lacks next, link by link. Whoever has most of it runs the position with what is known of it
   * here, and tells what it looked at; before it answers what is asked now.
   */
  sendScout(position: number, lacks: readonly Wanted[]): void {
    const times = this.#vain.get(position) ?? 0;
    this.#vain.set(position, times + 1);
    const { vainBeforeScouts, scoutsMax } = partitionLimits;
    if (this.#options.executor.round > 1 || times < vainBeforeScouts || times >= vainBeforeScouts + scoutsMax) return;
    if (this.#options.steps[position]!.kind !== 'transaction') return;
    const to = lacks[0]!.cell.owner;
    if (to === this.#options.member) return;
    const { accounts, slots } = this.#options.executor.looked();
    const known = new PartsPicker();
    for (const { cell } of accounts) if (cell.owner !== to) known.account(cell);
    for (const { account, slot, cell } of slots) if (account.owner !== to) known.slot(account, slot, cell);
    const writer = new ByteWriter(1_024);
    writer.number(this.#options.executor.round);
    writer.number(position);
    writeCells(writer, known.all(), this.#options.executor.round, this.#options.member);
    this.#options.send(to, kinds.SCOUT, writer.finish());
  }

  /** Tells what of the own state the other member's position looks at. */
  scout(to: number, reader: ByteReader, round: number): void {
    const { member, codes } = this.#options;
    const position = reader.below(this.#options.steps.length, 'position');
    readCells(reader, to, member, this.#options.memory, codes, { account: () => undefined, slot: () => undefined });
    reader.end();
    const lacks = this.#options.executor.scout(position);
    // The next one gets further.
    for (const wanted of lacks) if (wanted.kind === 'code') this.ask(wanted);
    this.flush();
    const { accounts, slots } = this.#options.executor.looked();
    const parts = new PartsPicker();
    for (const { cell } of accounts) if (cell.owner === member) parts.account(cell);
    for (const { account, slot, cell } of slots) if (account.owner === member) parts.slot(account, slot, cell);
    const writer = new ByteWriter(1_024);
    writer.number(round);
    writeCells(writer, parts.all(), round, member);
    this.#options.send(to, kinds.NEWS, writer.finish());
  }

  /** Afterwards what the other member tells is here. @throws ChainError `INVALID_ARGUMENT` */
  onNews(from: number, reader: ByteReader): void {
    const { codes, member } = this.#options;
    readCells(reader, from, member, this.#options.memory, codes, { account: () => undefined, slot: () => undefined });
    reader.end();
  }

  /** Answers a question. @throws ChainError `INVALID_ARGUMENT` */
  answer(to: number, reader: ByteReader, round: number): void {
    const { member, state, codes } = this.#options;
    const parts = new PartsPicker();
    const found: { hash: Uint8Array; code: Uint8Array }[] = [];
    const questions: { kind: number; address: Uint8Array; name: Uint8Array }[] = [];
    for (let left = reader.count(21); left > 0; left--) {
      const kind = reader.below(3, 'question');
      questions.push({ kind, address: reader.fixed(20), name: kind === 0 ? noBytes : reader.fixed(32) });
    }
    reader.end();
    this.#options.memory.expect(questions.map(({ address }) => address));
    for (const { kind, address, name } of questions) {
      const cell = this.#options.memory.cell(address);
      const owned = cell.owner === member;
      if (owned && cell.base === undefined) {
        this.#options.memory.setBase(cell, (state.account(cell.address) as HostAccount | undefined) ?? null);
      }
      if (kind === 0) parts.account(cell);
      if (kind === 1) {
        const part = slotCell(cell, name);
        if (owned && part.base === undefined) {
          const base = state.storage(cell.address, part.slot) as Uint8Array | undefined;
          part.base = base === undefined ? null : pooledCopy(base);
        }
        parts.slot(cell, part.slot, part);
      }
      if (kind === 2) {
        const hash = name.slice();
        found.push({ hash, code: codes.get(hash) ?? (state.code(hash) as Uint8Array) });
      }
    }
    const writer = new ByteWriter(1_024);
    writer.number(round);
    writeCells(writer, parts.all(), round, member);
    writer.number(found.length);
    for (const { hash, code } of found) {
      writer.fixed(hash);
      writer.bytes(code);
    }
    this.#options.send(to, kinds.ANSWER, writer.finish());
  }
}
