import type { Evm } from '@sheaf/evm';
import { readTransaction, recoverSender } from '@sheaf/ethereum';
import { ChainError, hexToBytes, isChainError, type Address } from '@sheaf/primitives';
import type { ByteMap } from '@sheaf/state';
import { environmentOf, type BlockTask, type ForkRules } from '@sheaf/state-transition';
import { BlockEnd, type Decision, type LaneState } from './block-end.ts';
import type { BlockReader } from './block-reader.ts';
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import { coordinator, coordinators, fromCoordinator } from './coordinator.ts';
import { Exchange } from './exchange.ts';
import { Executor, type Wanted } from './executor.ts';
import type { Experience } from './experience.ts';
import { accountKeyId, slotKeyId } from './key-id.ts';
import { partitionLimits } from './limits.ts';
import { VersionedMemory, type AccountCell, type SlotCell } from './memory.ts';
import { decodePlace, decodePlan, encodePlace, encodePlan, kinds, type Plan } from './messages.ts';
import { OutcomeTeller } from './outcome-teller.ts';
import { place } from './placement.ts';
import type { PositionRun } from './position-run.ts';
import { encodeSummary, summaryOf } from './summary.ts';
import { encodeReport } from './report.ts';
import { PartsPicker, readCells, writeCells, type CellParts } from './shipped-cells.ts';
import { roundsMaxOf, type Step } from './steps.ts';
import { ReadAhead } from './read-ahead.ts';
import { Validation, type Verdict } from './validation.ts';
import { Turns } from './turns.ts';

export interface AttemptContext {
  member: number;
  members: number;
  evm: Evm;
  rules: ForkRules;
  state: LaneState;
  experience: Experience;
  coordinatorShare: number | undefined;
  send(to: number, kind: number, body: Uint8Array): void;
  decided(decision: Decision): void;
}

const noBytes = new Uint8Array(0);

/**
 * One try at one block, as one member sees it:
 *
 *   PLACE → run, ASK and ANSWER → SUMMARY, RESULTS, FINALS → FINISH → TOPS, LIST → COMMIT
 *
 * with OUTCOMES to the coordinator while it runs, and where members met, between SUMMARY and FINISH:
 *
 *   DETAILS → REPORT → (PLAN → SHIP → run → REPORT)…
 *
 * after which RESULTS and FINALS are told again, of the last round.
 *
 * Messages of one member come in order and once.
 */
export class Attempt {
  readonly #context: AttemptContext;
  readonly #task: BlockTask;
  readonly #reader: BlockReader;
  readonly #steps: readonly Step[];
  readonly #codes: ByteMap<Uint8Array>;
  readonly #memory: VersionedMemory;
  readonly #executor: Executor;
  #salt = 0;
  #placed: Uint8Array | undefined;
  /** Own positions of this round, by rising position. */
  #own: number[] = [];
  #turns: Turns<Wanted>;
  /** Of its own positions of this round, the last by its place that has run. */
  #highest = -1;
  #readAhead: ReadAhead;
  readonly #exchange: Exchange;
  #disordered = false;
  #reported = true;
  readonly #teller: OutcomeTeller;
  /** Members whose cells have not come yet. */
  #shipsAwaited = 0;
  #shipped: { accounts: AccountCell[]; slots: SlotCell[] } = { accounts: [], slots: [] };
  /** Asked in a round that has not begun here. */
  #early: { from: number; body: Uint8Array; kind: number; round: number }[] = [];
  #runs = 0;
  /** The coordinator's. */
  #validation: Validation | undefined;
  readonly #end: BlockEnd;

  constructor(context: AttemptContext, reader: BlockReader) {
    const { rules, evm, state, member, members, experience } = context;
    this.#codes = experience.codes();
    this.#context = context;
    const { task } = reader;
    this.#task = task;
    this.#reader = reader;
    this.#steps = reader.steps;
    this.#memory = new VersionedMemory(experience.owners);
    this.#executor = new Executor({
      evm,
      rules,
      environment: environmentOf(task.fields, rules),
      reader,
      memory: this.#memory,
      state,
      member,
      codes: this.#codes,
    });
    this.#exchange = new Exchange({
      member,
      members,
      steps: this.#steps,
      memory: this.#memory,
      executor: this.#executor,
      state,
      codes: this.#codes,
      usualSlots: experience.usualSlots,
      send: (to, kind, body) => this.#send(to, kind, body),
    });
    this.#turns = this.#turnsOf([]);
    this.#readAhead = this.#readAheadOf([]);
    this.#teller = new OutcomeTeller(
      (run) => this.#executor.runs[run.position] === run,
      (results) => this.#end.tellOutcomes(results),
    );
    this.#end = new BlockEnd({
      member,
      members,
      rules,
      state,
      task,
      steps: this.#steps,
      executor: this.#executor,
      memory: this.#memory,
      work: () => ({ runs: this.#runs, remoteReads: this.#exchange.remoteReads }),
      positions: () => this.#validation!.positions,
      ranOn: (position) => this.#validation!.ranOn(position),
      share: experience.share,
      ranLast: () => this.#validation!.coordinatorLast,
      send: (to, kind, body) => this.#send(to, kind, body),
      merged: () => this.#forget(),
      decided: (decision) => this.#context.decided(decision),
    });
  }

  /** At the coordinator: places the positions and tells everyone. */
  begin(salt: number): void {
    const { members, experience } = this.#context;
    const { coordinatorShare = experience.share.value } = this.#context;
    const senders = this.#task.senders ?? this.#task.transactions.map(senderOf);
    const placed = place({
      task: this.#task,
      steps: this.#steps,
      senders,
      members,
      owners: experience.owners,
      serial: experience.serial,
      coordinatorShare,
    });
    const body = encodePlace({ payloadHash: this.#task.payloadHash, salt, placed });
    for (let to = members - 1; to >= 0; to--) this.#send(to, kinds.PLACE, body);
  }

  /** @throws ChainError `INVALID_ARGUMENT` for what no member of this lane would say, `CONFLICT` for another payload */
  receive(from: number, kind: number, body: Uint8Array): void {
    switch (kind) {
      case kinds.PLACE:
        return this.#onPlace(from, body);
      case kinds.ASK:
      case kinds.ANSWER:
      case kinds.SHIP:
      case kinds.SCOUT:
      case kinds.NEWS:
        return this.#onCells(from, kind, body);
      case kinds.SUMMARY:
        return this.#go(coordinators(this.#validation).onSummary(from, body));
      case kinds.DETAILS:
        fromCoordinator(from);
        if (!this.#reported || this.#executor.round > 1) throw malformed('asks for details out of turn');
        return this.#report();
      case kinds.REPORT:
        return this.#go(coordinators(this.#validation).onReport(from, body));
      case kinds.PLAN:
        return this.#onPlan(from, decodePlan(body, this.#context.members, this.#steps.length));
      case kinds.FINISH:
        fromCoordinator(from);
        return this.#end.begin();
      default:
        return this.#end.receive(from, kind, body);
    }
  }

  /** One piece of work, a few milliseconds at most, or one transaction's. `false`: there is nothing to do now. */
  step(): boolean {
    if (this.#placed === undefined) return false;
    return this.#work() || this.#end.prepareBlock();
  }

  #work(): boolean {
    if (this.#end.begun) return this.#end.step();
    if (this.#reported) return this.#end.foretell();
    if (this.#shipsAwaited > 0) return false;
    if (this.#executor.round === 1 && !this.#readAhead.done) {
      this.#readAhead.step();
      return true;
    }
    const position = this.#turns.next();
    if (position !== undefined) {
      this.#run(position);
      return true;
    }
    this.#exchange.flush();
    this.#teller.flush();
    if (this.#turns.waiting) return false;
    if (this.#disordered && !this.#settle()) return true;
    // RESULTS do not repeat what positions came to: those that settled are told before.
    this.#teller.flush();
    this.#reported = true;
    if (this.#executor.round === 1) this.#sumUp();
    else this.#report();
    return true;
  }

  /** At the coordinator, when the block is durable there: everyone may commit. */
  committed(): void {
    this.#end.committed();
  }

  /** What the runs left is with the owners: nothing else of them is needed, and while others hash V8 would copy it. */
  #forget(): void {
    this.#executor.forget();
    this.#memory.forget();
    this.#own = [];
    this.#beginTurns();
  }

  #send(to: number, kind: number, body: Uint8Array): void {
    if (to === this.#context.member) this.receive(to, kind, body);
    else this.#context.send(to, kind, body);
  }

  // The rounds.

  #onPlace(from: number, body: Uint8Array): void {
    fromCoordinator(from);
    const { payloadHash, salt, placed } = decodePlace(body, this.#context.members);
    if (payloadHash !== this.#task.payloadHash) {
      const message = `the coordinator executes payload ${payloadHash} where ${this.#task.payloadHash} is at hand`;
      throw new ChainError({ code: 'CONFLICT', message });
    }
    if (placed.length !== this.#steps.length) throw malformed(`places ${placed.length} of ${this.#steps.length} steps`);
    if (this.#placed !== undefined) throw malformed('places the block again');
    this.#salt = salt;
    this.#placed = placed;
    for (let position = 0; position < placed.length; position++) {
      if (placed[position] === this.#context.member) this.#own.push(position);
    }
    this.#reported = false;
    this.#beginTurns();
    if (this.#context.member === coordinator) {
      const { members, experience } = this.#context;
      this.#validation = new Validation({
        task: this.#task,
        steps: this.#steps,
        members,
        placed,
        serial: experience.serial,
      });
    }
    this.#takeEarly();
  }

  /** `#own` are the positions of a round that begins. */
  #beginTurns(): void {
    this.#turns = this.#turnsOf(this.#own);
    this.#readAhead = this.#readAheadOf(this.#own);
    this.#highest = -1;
    this.#disordered = false;
  }

  #turnsOf(own: readonly number[]): Turns<Wanted> {
    return new Turns(
      own,
      (position) => this.#executor.runs[position] !== undefined,
      (wanted) => this.#exchange.here(wanted),
    );
  }

  #readAheadOf(own: readonly number[]): ReadAhead {
    const { member, members, experience } = this.#context;
    const { forecast } = experience;
    return new ReadAhead(
      {
        member,
        members,
        forecast,
        memory: this.#memory,
        reader: this.#reader,
        executor: this.#executor,
        exchange: this.#exchange,
      },
      own,
      this.#turns,
    );
  }

  #run(position: number): void {
    this.#runs += 1;
    const outcome = this.#executor.run(position);
    if (Array.isArray(outcome)) {
      this.#turns.lacks(position, outcome);
      this.#exchange.sendScout(position, outcome);
      for (const wanted of outcome) {
        this.#exchange.ask(wanted);
        if (wanted.kind === 'slot' && this.#executor.round === 1) this.#exchange.askAround(wanted.cell, wanted.slot);
      }
      return;
    }
    if (position < this.#highest) this.#disordered = true;
    else this.#highest = position;
    this.#teller.ran(outcome);
    this.#turns.ran(position);
    this.#readAhead.ran(position);
    if (this.#exchange.ran(position)) this.#readAhead.learn(position, outcome);
    this.#reader.forget(position);
  }

  /** Runs again what ran before something that it depends on. `false`: it is not done, something is missing. */
  #settle(): boolean {
    for (const position of this.#own) {
      const run = this.#executor.runs[position];
      if (run !== undefined && this.#executor.upToDate(run)) continue;
      this.#run(position);
      if (this.#turns.waiting) return false;
    }
    this.#disordered = false;
    return true;
  }

  #sumUp(): void {
    const summary = summaryOf(this.#ownRuns(), { member: this.#context.member, salt: this.#salt, open: this.#open() });
    this.#send(coordinator, kinds.SUMMARY, encodeSummary(summary));
  }

  #report(): void {
    this.#send(coordinator, kinds.REPORT, encodeReport(this.#ownRuns(), this.#salt));
  }

  #ownRuns(): PositionRun[] {
    return this.#own.map((position) => this.#executor.runs[position]!);
  }

  /** Who is credited without being looked at. */
  #open(): Set<AccountCell> {
    const { fields, withdrawals } = this.#task;
    const addresses = [fields.coinbase, ...withdrawals.map(({ address }) => address)];
    return new Set(addresses.map((address) => this.#memory.cell(hexToBytes(address))));
  }

  #go(verdict: Verdict): void {
    if (verdict === 'wait') return;
    const [kind, body] =
      verdict === 'right'
        ? [kinds.FINISH, noBytes]
        : verdict === 'details'
          ? [kinds.DETAILS, noBytes]
          : [kinds.PLAN, encodePlan(verdict)];
    for (let to = this.#context.members - 1; to >= 0; to--) this.#send(to, kind, body);
  }

  #onPlan(from: number, { round, again, withoutGas, wanted }: Plan): void {
    fromCoordinator(from);
    const { member, members } = this.#context;
    const executor = this.#executor;
    if (round !== executor.round + 1 || !this.#reported) throw malformed(`plans round ${round} out of turn`);
    executor.round = round;
    executor.withoutGas.clear();
    for (const position of withoutGas) executor.withoutGas.add(position);
    const ships = Array.from({ length: members }, () => new PartsPicker());
    this.#shipped = { accounts: [], slots: [] };
    this.#own = [];
    const busy = new Set<number>();
    for (const { position, member: to } of again) {
      busy.add(to);
      const run = executor.runs[position];
      if (run !== undefined) {
        for (const { cell } of run.accounts) ships[to]!.account(cell);
        for (const { account, slot, cell } of run.slots) ships[to]!.slot(account, slot, cell);
        executor.withdraw(run);
      }
      if (to === member) this.#own.push(position);
    }
    this.#memory.forgetForeign();
    this.#addWanted(ships, wanted);
    for (const to of busy) if (to !== member) this.#ship(to, ships[to]!.all(), round);
    for (const { cell, slots } of ships[member]!.all()) {
      this.#shipped.accounts.push(cell);
      for (const { cell: part } of slots) this.#shipped.slots.push(part);
    }
    this.#beginTurns();
    this.#exchange.beginRound();
    this.#reported = this.#own.length === 0;
    this.#shipsAwaited = this.#own.length === 0 ? 0 : members - 1;
    if (this.#shipsAwaited === 0) this.#complete();
    this.#takeEarly();
  }

  /** Adds the cells of the wanted keys that are here. */
  #addWanted(ships: PartsPicker[], wanted: number[][]): void {
    const { member } = this.#context;
    if (wanted.every((ids, to) => to === member || ids.length === 0)) return;
    const wantedBy = new Map<number, number[]>();
    wanted.forEach((ids, to) => {
      if (to === member) return;
      for (const id of ids) wantedBy.set(id, [...(wantedBy.get(id) ?? []), to]);
    });
    for (const cell of this.#memory.cells()) {
      const id = accountKeyId(cell.address, this.#salt);
      for (const to of wantedBy.get(id) ?? []) ships[to]!.account(cell);
      cell.slots?.values().forEach((part, index) => {
        const slot = cell.slots!.keyAt(index).slice();
        for (const to of wantedBy.get(slotKeyId(id, slot)) ?? []) ships[to]!.slot(cell, slot, part);
      });
    }
  }

  #ship(to: number, parts: readonly CellParts[], round: number): void {
    const writer = new ByteWriter(1_024);
    writer.number(round);
    writeCells(writer, parts, round, this.#context.member);
    this.#send(to, kinds.SHIP, writer.finish());
  }

  /** What was shipped for this round is all there is. */
  #complete(): void {
    const { round } = this.#executor;
    for (const cell of this.#shipped.accounts) cell.complete = round;
    for (const cell of this.#shipped.slots) cell.complete = round;
  }

  // What others have.

  #onCells(from: number, kind: number, body: Uint8Array): void {
    const reader = new ByteReader(body);
    const round = reader.number();
    const now = this.#placed === undefined ? 0 : this.#executor.round;
    if (round > roundsMaxOf(this.#steps)) throw malformed(`is of round ${round}`);
    if (round > now) {
      // A member may be rounds ahead of one that had nothing to run in them.
      if (this.#early.length >= partitionLimits.messagesHeldMax) throw malformed('comes early, after too many others');
      this.#early.push({ from, body: body.slice(), kind, round });
      return;
    }
    if (kind === kinds.ASK) return this.#exchange.answer(from, reader, round);
    if (kind === kinds.SCOUT) return this.#exchange.scout(from, reader, round);
    if (kind === kinds.NEWS) return this.#exchange.onNews(from, reader);
    const ships = kind === kinds.SHIP;
    if (round < now) {
      if (ships) throw malformed(`ships for round ${round} in round ${now}`);
      // It was asked ahead for a transaction that in the end did not need it.
      return;
    }
    readCells(reader, from, this.#context.member, this.#memory, this.#codes, {
      account: (cell) => {
        if (ships) this.#shipped.accounts.push(cell);
        else if (--cell.awaited === 0) cell.complete = round;
      },
      slot: (cell) => {
        if (ships) this.#shipped.slots.push(cell);
        else if (--cell.awaited === 0) cell.complete = round;
      },
    });
    for (let left = ships ? 0 : reader.count(33); left > 0; left--) {
      const hash = reader.fixed(32);
      this.#codes.set(hash, reader.bytes().slice());
    }
    reader.end();
    if (ships) {
      this.#shipsAwaited -= 1;
      if (this.#shipsAwaited === 0) this.#complete();
      return;
    }
    this.#turns.arrived();
  }

  #takeEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const { from, kind, body } of early) this.#onCells(from, kind, body);
  }
}

function senderOf(raw: Uint8Array): Address | undefined {
  try {
    return recoverSender(readTransaction(raw));
  } catch (error) {
    if (isChainError(error, 'INVALID_ARGUMENT')) return undefined;
    throw error;
  }
}
