// The end of a block at one member, from the last run to the decision.
import { decodeHeader, encodeHeader, type Header } from '@sheaf/ethereum';
import type { Hash32 } from '@sheaf/primitives';
import { encodeAccessList, type BlockChanges, type PreparedChanges, type StateReader } from '@sheaf/state';
import type { BlockTask, ExecutedBlock, ForkRules } from '@sheaf/state-transition';
import {
  allOfRound,
  BlockAssembly,
  decodeOwnerList,
  decodeTops,
  encodeTops,
  type MadeBlock,
} from './block-assembly.ts';
import { bucketsOf } from './buckets.ts';
import { ByteReader, ByteWriter, malformed } from './bytes.ts';
import { coordinator, coordinators, fromCoordinator } from './coordinator.ts';
import type { CoordinatorShare } from './coordinator-share.ts';
import type { Executor } from './executor.ts';
import { decodeFinals, encodeFinals, finalAccount, mergeFinals, touchedAccounts, type Finals } from './final-writes.ts';
import type { AccountCell, VersionedMemory } from './memory.ts';
import { kinds } from './messages.ts';
import {
  decodeOutcomes,
  decodeResults,
  encodeOutcomes,
  encodeResults,
  resultsOf,
  type Result,
  type Results,
} from './results.ts';
import { roundsMaxOf, type Step } from './steps.ts';

/** The state of the member's own accounts: as they are before the block, and hashed with what the block changes. */
export interface LaneState extends StateReader {
  prepare(changes: BlockChanges): PreparedChanges;
  /** What their commit does in memory is done beforehand; nobody reads until then, or until `unstage`. */
  stage(prepared: PreparedChanges): void;
  unstage(): void;
}

/** What a lane came to for one block, at one member. */
export interface Decision {
  header: Header;
  /** The member's own part: its changes hashed, and the access list of its accounts. */
  prepared: PreparedChanges;
  accessList: Uint8Array;
  /** How many ancestors' headers the block read, the parent's among them. */
  ancestorsRead: number;
  /** Transactions of the block that this member ran, and keys that it asked others for. */
  transactions: number;
  remoteReads: number;
  /** The whole block; at the coordinator. */
  whole: WholeBlock | undefined;
}

export interface WholeBlock {
  block: ExecutedBlock;
  /** The access list of each member's accounts, as `encodeAccessList` writes it; the coordinator's has all codes that were read. */
  accessLists: Uint8Array[];
  /** keccak256 over what hangs at each member's buckets afterwards. */
  topsDigests: Uint8Array[];
  codeReads: Hash32[];
  figures: LaneFigures;
}

/** What a block cost. One a member where it is a list. */
export interface LaneFigures {
  rounds: number;
  /** Positions that ran in each round. */
  positions: number[];
  runs: number[];
  gas: bigint[];
  remoteReads: number[];
}

export interface BlockEndOptions {
  member: number;
  members: number;
  rules: ForkRules;
  state: LaneState;
  task: BlockTask;
  steps: readonly Step[];
  executor: Pick<Executor, 'runs' | 'round'>;
  memory: VersionedMemory;
  /** What the runs have cost so far. */
  work(): { runs: number; remoteReads: number };
  /** At the coordinator: how many positions ran in each round, and the member that a position ran on last. */
  positions(): number[];
  ranOn(position: number): number;
  /** Whether the coordinator's first round took longer than all others'. */
  ranLast(): boolean;
  share: CoordinatorShare;
  send(to: number, kind: number, body: Uint8Array): void;
  /** What the runs left of own accounts is known: neither they nor the memory are needed any more. */
  merged(): void;
  decided(decision: Decision): void;
}

const noBytes = new Uint8Array(0);
/** Of a small block it says little who waited for whom. */
const stepsToLearnFrom = 64;

/**
 * What is left goes to the owners (FINALS) and what the coordinator has not been told to it (RESULTS), of each round, for it may be the
 * last; when the coordinator says that all is right owners hash (TOPS) and write their access lists (LIST), it makes the block and decides,
 * and the others with it (COMMIT).
 */
export class BlockEnd {
  readonly #options: BlockEndOptions;
  #begun = false;
  /** The last that each member told; of its own accounts this one has them in its memory. */
  readonly #finals: (Finals | undefined)[];
  /** Own accounts that its own runs touched. */
  #own: readonly AccountCell[] = [];
  /** The last round of which it told the others. */
  #told = 0;
  #prepared: { prepared: PreparedChanges; accessList: Uint8Array } | undefined;
  #staged = false;
  /** Of the block, that ran here. */
  #transactions = 0;
  #ancestorsRead = 1;
  #decision: Decision | undefined;
  // The coordinator's.
  readonly #assembly: BlockAssembly | undefined;
  #whole: WholeBlock | undefined;

  constructor(options: BlockEndOptions) {
    const { member, members, task, steps, rules } = options;
    this.#options = options;
    this.#finals = new Array<Finals | undefined>(members).fill(undefined);
    if (member === coordinator) this.#assembly = new BlockAssembly(task, steps, rules, members);
  }

  /** All runs are right: from now on there is nothing to run. */
  begin(): void {
    this.#begun = true;
    this.#assembly?.begin();
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** @throws ChainError `INVALID_ARGUMENT` for what no member of this lane would say */
  receive(from: number, kind: number, body: Uint8Array): void {
    const { members, steps } = this.#options;
    switch (kind) {
      case kinds.FINALS:
        return this.#onFinals(from, body);
      case kinds.RESULTS:
        return this.#onResults(from, decodeResults(body, steps.length));
      case kinds.OUTCOMES:
        return this.#onOutcomes(from, decodeOutcomes(body, steps.length));
      case kinds.TOPS:
        return coordinators(this.#assembly).takeTops(from, decodeTops(body, from, members));
      case kinds.LIST:
        return coordinators(this.#assembly).takeList(from, decodeOwnerList(body));
      case kinds.COMMIT:
        return this.#onCommit(from, body);
      default:
        throw malformed(`is of no kind: ${kind}`);
    }
  }

  /** Tells the coordinator what positions came to, before all is known to be right. */
  tellOutcomes(results: readonly Result[]): void {
    if (this.#assembly !== undefined) this.#assembly.takeOutcomes(results);
    else this.#options.send(coordinator, kinds.OUTCOMES, encodeOutcomes(results));
  }

  /** One piece of the block that can be made by now. `false`: there is none. */
  prepareBlock(): boolean {
    return this.#assembly?.prepare() === true;
  }

  /** Most blocks need one round: until the coordinator says so, what it left is told. `false`: it has been. */
  foretell(): boolean {
    return this.#options.executor.round === 1 && this.#tell();
  }

  /** At the coordinator, when the block is durable there: everyone may commit. */
  committed(): void {
    const { members, send } = this.#options;
    const writer = new ByteWriter(700);
    writer.bytes(encodeHeader(this.#decision!.header));
    writer.number(this.#ancestorsRead);
    const body = writer.finish();
    for (let to = 1; to < members; to++) send(to, kinds.COMMIT, body);
  }

  /** One piece of work. `false`: there is none until a message comes, or at all. */
  step(): boolean {
    if (this.#decision !== undefined) return false;
    const { round } = this.#options.executor;
    if (this.#tell()) return true;
    if (this.#prepared === undefined && allOfRound(round, this.#finals)) {
      this.#prepare();
      return true;
    }
    // While others still hash, roots and receipts can be made.
    const made = this.#assembly?.step(round) ?? false;
    if (typeof made === 'object') this.#decide(made);
    return made !== false || this.#stage();
  }

  /** While others are waited for: what the commit does in memory. `false`: it is done, or there is nothing to commit. */
  #stage(): boolean {
    if (this.#prepared === undefined || this.#staged) return false;
    this.#options.state.stage(this.#prepared.prepared);
    this.#staged = true;
    return true;
  }

  /** What the round left, and came to. `false`: it has been told. */
  #tell(): boolean {
    const { members, member, executor, work, send } = this.#options;
    const { round, runs } = executor;
    if (this.#told === round) return false;
    this.#told = round;
    let gas = 0n;
    for (const run of runs) if (run !== undefined) gas += run.gas;
    const results = resultsOf(runs, { gas, ...work() }, round);
    // First: the coordinator makes the last receipts while it waits for what is longer.
    if (this.#assembly !== undefined) this.#assembly.takeResults(member, results);
    else send(coordinator, kinds.RESULTS, encodeResults(results));
    const touched = touchedAccounts(runs, members, round);
    this.#own = touched[member]!;
    this.#finals[member] = { round, accounts: [] };
    for (const [to, cells] of touched.entries()) {
      if (to !== member) send(to, kinds.FINALS, encodeFinals({ round, accounts: cells.map(finalAccount) }));
    }
    return true;
  }

  #onOutcomes(from: number, results: readonly Result[]): void {
    const assembly = coordinators(this.#assembly);
    for (const { position } of results) {
      if (this.#options.ranOn(position) !== from) throw malformed(`tells of position ${position} of another member`);
    }
    assembly.takeOutcomes(results);
  }

  #onResults(from: number, results: Results): void {
    this.#checkRound(results.round);
    coordinators(this.#assembly).takeResults(from, results);
  }

  #onFinals(from: number, body: Uint8Array): void {
    const finals = decodeFinals(body);
    this.#checkRound(finals.round);
    if (finals.round <= (this.#finals[from]?.round ?? 0)) throw malformed('tells what it left again');
    this.#finals[from] = finals;
  }

  #checkRound(round: number): void {
    if (round > roundsMaxOf(this.#options.steps)) throw malformed(`is of round ${round}`);
  }

  #prepare(): void {
    const { member, members, state, memory, executor, merged, send } = this.#options;
    const others = this.#finals.map((finals) => finals!.accounts);
    const { round, runs } = executor;
    const { changes, accounts } = mergeFinals({ own: this.#own, others, round, memory, member, state });
    this.#transactions = runs.filter((run) => run?.outcome.kind === 'included').length;
    this.#own = [];
    for (const finals of this.#finals) finals!.accounts = [];
    merged();
    const prepared = state.prepare(changes);
    const { first, end } = bucketsOf(member, members);
    const tops = prepared.tops.slice(first, end);
    const { codes } = changes;
    if (this.#assembly !== undefined) {
      this.#prepared = { prepared, accessList: noBytes };
      this.#assembly.takeOwnPart(tops, { accounts, codes });
      return;
    }
    // First: the coordinator makes the header while the list is written.
    send(coordinator, kinds.TOPS, encodeTops(tops));
    const accessList = encodeAccessList({ accounts, codes, codeReads: [] });
    this.#prepared = { prepared, accessList };
    send(coordinator, kinds.LIST, accessList);
  }

  #decide({ block, accessLists, topsDigests, codeReads, ancestorsRead, late, figures }: MadeBlock): void {
    const { executor, share, ranLast, steps } = this.#options;
    if (executor.round === 1 && steps.length >= stepsToLearnFrom) share.note(late || ranLast());
    this.#ancestorsRead = ancestorsRead;
    this.#prepared!.accessList = accessLists[coordinator]!;
    this.#whole = {
      block,
      accessLists,
      topsDigests,
      codeReads,
      figures: {
        rounds: this.#options.executor.round,
        positions: this.#options.positions(),
        runs: figures.map(({ runs }) => runs),
        gas: figures.map(({ gas }) => gas),
        remoteReads: figures.map(({ remoteReads }) => remoteReads),
      },
    };
    this.#decideOn(block.header);
  }

  #onCommit(from: number, body: Uint8Array): void {
    fromCoordinator(from);
    if (this.#prepared === undefined) throw malformed('commits what is not prepared');
    const reader = new ByteReader(body);
    const header = decodeHeader(reader.bytes().slice());
    this.#ancestorsRead = reader.below(257, 'ancestor');
    reader.end();
    this.#decideOn(header);
  }

  #decideOn(header: Header): void {
    const { prepared, accessList } = this.#prepared!;
    this.#decision = {
      header,
      prepared,
      accessList,
      ancestorsRead: this.#ancestorsRead,
      transactions: this.#transactions,
      remoteReads: this.#options.work().remoteReads,
      whole: this.#whole,
    };
    this.#options.decided(this.#decision);
  }
}
