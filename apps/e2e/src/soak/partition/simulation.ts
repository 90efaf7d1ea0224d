// A lane of members whose messages are late, out of order or twice, and whose processes are lost and come back, in one
// thread. One random number after the other decides what happens next, so that a seed repeats it all.
import type { Evm } from '@sheaf/evm';
import type { Header } from '@sheaf/ethereum';
import { bytesToHex, equalBytes, isChainError, type Hash32 } from '@sheaf/primitives';
import type { Decision } from '@sheaf/partition';
import type { BlockChanges } from '@sheaf/state';
import type { BlockTask, ForkRules } from '@sheaf/state-transition';
import { mergeBuckets } from '@sheaf/trie';
import type { Random } from '../../random.ts';
import { SoakFault } from '../suite.ts';
import type { Garbler } from './garbler.ts';
import { LaneHost } from './lane-host.ts';
import { Network, type Flight, type NetworkManners } from './network.ts';

export interface SimulationManners extends NetworkManners {
  /** Crashes of members, for each block on average. */
  crashesPerBlock: number;
  coordinatorShare: number;
  /** A member that works seldom; -1: none. */
  slow: number;
}

export interface SimulationOptions {
  members: number;
  random: Random;
  manners: SimulationManners;
  rules: ForkRules;
  evm: Evm;
  genesis: { changes: BlockChanges };
  /** Damages what one member sends. */
  garbler?: Garbler;
}

export interface SimulationCounts {
  blocks: number;
  attempts: number;
  crashes: number;
  crashesOfCoordinator: number;
  /** Between a decision and its commit, and between a commit and its being told. */
  crashesAtCommits: number;
  caughtUp: number;
  stale: number;
  /** Messages that were refused with a typed error. */
  refused: number;
  /** Attempts that stood still for what was damaged. */
  stalled: number;
  /** Blocks by how many rounds they took. */
  rounds: number[];
  ticks: number;
}

/** Blocks take less than 5,000 events: it hangs otherwise. */
const ticksPerBlockMax = 100_000;
/** Attempts at one block that may stand still: what was damaged late may be of the next attempt. */
const stalledPerBlockMax = 3;
const coordinator = 0;

export class Simulation {
  readonly counts: SimulationCounts = {
    blocks: 0,
    attempts: 0,
    crashes: 0,
    crashesOfCoordinator: 0,
    crashesAtCommits: 0,
    caughtUp: 0,
    stale: 0,
    refused: 0,
    stalled: 0,
    rounds: [],
    ticks: 0,
  };
  readonly network: Network;
  readonly hosts: LaneHost[];
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #tasks: BlockTask[] = [];
  readonly #headers: Header[] = [];
  /** The coordinator's: the access list of each member's accounts, by height. Durable with its commit. */
  readonly #parts: Uint8Array[][] = [];
  #wanted = 0n;
  #session = 0;
  #attempt = 0;
  /** A member was lost since the last attempt was begun: who is behind must catch up before the next one. */
  #broken = true;
  #crashesLeft = 0;
  #ticksUntilCrash = 0;
  #ticksOfBlock = 200;
  #stalledAtBlock = 0;
  #decided: ((decision: Decision) => void) | undefined;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = options.random;
    const { members, rules, evm, manners, genesis } = options;
    this.network = new Network(options.random, manners);
    this.hosts = Array.from(
      { length: members },
      (_, member) =>
        new LaneHost({
          member,
          members,
          rules,
          evm,
          coordinatorShare: manners.coordinatorShare,
          genesis: genesis.changes,
          send: (to, message) => this.#send(member, to, message),
        }),
    );
    for (const host of this.hosts) host.start();
    this.#session = 1;
  }

  /**
   * Afterwards the block is committed at every member. `decided`: told of what the coordinator decides, before it commits;
   * again for each attempt that gets so far. @throws SoakFault
   */
  run(task: BlockTask, decided: (decision: Decision) => void): void {
    this.#tasks.push(task);
    this.#wanted += 1n;
    this.#decided = decided;
    this.#stalledAtBlock = 0;
    const { crashesPerBlock } = this.#options.manners;
    this.#crashesLeft = crashesPerBlock === 0 ? 0 : this.#random.below(2 * crashesPerBlock + 1);
    this.#planCrash();
    const start = this.counts.ticks;
    // Now and then the members go on to the next block while the last one's messages are still on their way.
    const all = this.#random.oneIn(2);
    while (!this.#done(all)) {
      this.counts.ticks += 1;
      if (this.counts.ticks - start > ticksPerBlockMax)
        throw new SoakFault(`block ${this.#wanted} does not come to an end`);
      this.#tick();
    }
    this.#ticksOfBlock = Math.max(50, this.counts.ticks - start);
    this.counts.blocks += 1;
  }

  /** Lets every member commit the last block. */
  finish(): void {
    this.#crashesLeft = 0;
    const start = this.counts.ticks;
    while (!this.#done(true)) {
      this.counts.ticks += 1;
      if (this.counts.ticks - start > ticksPerBlockMax) throw new SoakFault('the last block does not come everywhere');
      this.#tick();
    }
  }

  /** A member with an empty disk that applies everything from genesis on has the same state. */
  checkFresh(member: number): void {
    const { members, rules, evm, genesis } = this.#options;
    const host = new LaneHost({
      member,
      members,
      rules,
      evm,
      coordinatorShare: 0,
      genesis: genesis.changes,
      send() {},
    });
    host.start();
    for (const parts of this.#parts) host.catchUp(parts[member]!);
    const same = rootOf(this.hosts.map((each) => (each.member === member ? host : each)));
    if (same !== this.#headers.at(-1)!.stateRoot)
      throw new SoakFault(`member ${member} from access lists alone has ${same}`);
  }

  #done(all: boolean): boolean {
    const done = this.hosts.every(({ head, member }) => head === this.#wanted || (!all && member !== coordinator));
    return done && this.#headers.length === Number(this.#wanted);
  }

  #tick(): void {
    if (this.#crashesLeft > 0 && --this.#ticksUntilCrash <= 0)
      return this.#crash(this.#random.below(this.hosts.length));
    const choice = this.#random.below(16);
    if (choice === 0 && this.#stale()) return;
    if (choice < 7 && this.#deliver()) return;
    if (choice < 12 && this.#work()) return;
    if (this.#hostActs()) return;
    if (this.#deliver() || this.#work() || this.network.hurry()) return;
    this.#still();
  }

  /** Nothing can happen: only what was damaged may lead here, and a new attempt goes on. */
  #still(): void {
    if (this.#options.garbler === undefined || !this.#options.garbler.hasDamaged()) {
      throw new SoakFault(`the lane stands still at block ${this.#wanted}, attempt ${this.#attempt}`);
    }
    this.counts.stalled += 1;
    this.#options.garbler.rest();
    if (++this.#stalledAtBlock > stalledPerBlockMax) {
      throw new SoakFault(`new attempts at block ${this.#wanted} stand still after messages were damaged`);
    }
    this.#disconnectAll();
  }

  // Messages.

  #send(from: number, to: number, message: Uint8Array): void {
    const life = (member: number) => this.hosts[member]!.life;
    const bytes = message.slice();
    const sent = this.#options.garbler?.sent(from, to, bytes) ?? [bytes];
    for (const each of sent) this.network.send({ from, fromLife: life(from), to, toLife: life(to), message: each });
  }

  #mayArrive = ({ from, fromLife, to, toLife }: Flight): boolean => {
    const host = this.hosts[to]!;
    // Messages of a process come after the news that the one before it is lost; to a process, whatever was sent before it began.
    return host.up && fromLife <= host.connected[from]! && toLife <= host.life;
  };

  #deliver(): boolean {
    const flight = this.network.take(this.#mayArrive);
    if (flight === undefined) return false;
    this.#receive(flight);
    return true;
  }

  #stale(): boolean {
    const flight = this.network.takeStale(this.#mayArrive);
    if (flight === undefined) return false;
    this.counts.stale += 1;
    const { refused } = this.counts;
    this.#receive(flight);
    // Else one damaged message, the only one that is old, would end every attempt of a large lane before its time.
    if (this.counts.refused > refused) this.network.forget(flight);
    return true;
  }

  #receive({ from, to, message }: Flight): void {
    const host = this.hosts[to]!;
    host.idle = false;
    this.#guard(host, () => host.lane!.receive(from, message));
    this.#checkDecision(host);
  }

  #work(): boolean {
    const awake = this.hosts.filter(({ up, idle }) => up && !idle);
    if (awake.length === 0) return false;
    let host = awake[this.#random.below(awake.length)]!;
    if (host.member === this.#options.manners.slow && !this.#random.oneIn(16)) {
      host = awake[this.#random.below(awake.length)]!;
    }
    this.#guard(host, () => {
      if (!host.lane!.step()) host.idle = true;
    });
    this.#checkDecision(host);
    return true;
  }

  /** What a member throws is wrong, but where something was damaged: then the attempt is dropped. */
  #guard(host: LaneHost, act: () => void): void {
    try {
      act();
    } catch (error) {
      const { garbler } = this.#options;
      const typed = isChainError(error);
      if (!typed || garbler === undefined || !garbler.hasDamaged()) {
        const text = error instanceof Error ? (typed ? error.message : error.stack) : String(error);
        throw new SoakFault(`member ${host.member} throws at block ${this.#wanted}: ${text}`);
      }
      this.counts.refused += 1;
      this.#disconnectAll();
    }
  }

  readonly #checked = new WeakSet<Decision>();

  #checkDecision({ decision, member }: LaneHost): void {
    if (decision === undefined || this.#checked.has(decision)) return;
    this.#checked.add(decision);
    if (member === coordinator) {
      this.#decided!(decision);
      const { rounds } = decision.whole!.figures;
      this.counts.rounds[rounds] = (this.counts.rounds[rounds] ?? 0) + 1;
      return;
    }
    const height = decision.header.number;
    const header = this.#headers[Number(height) - 1];
    if (header === undefined)
      throw new SoakFault(`member ${member} may commit block ${height} before the coordinator has`);
    if (header.stateRoot !== decision.header.stateRoot)
      throw new SoakFault(`member ${member} commits another block ${height}`);
    if (!equalBytes(decision.accessList, this.#parts[Number(height) - 1]![member]!)) {
      throw new SoakFault(`member ${member} has another access list of block ${height} than the coordinator keeps`);
    }
  }

  // What the processes do around the lane.

  #hostActs(): boolean {
    const acts: (() => void)[] = [];
    for (const host of this.hosts) {
      if (!host.up) acts.push(() => host.start());
      else this.#actsOf(host, acts);
    }
    if (acts.length === 0) return false;
    acts[this.#random.below(acts.length)]!();
    return true;
  }

  #actsOf(host: LaneHost, acts: (() => void)[]): void {
    for (const other of this.hosts) {
      if (other.up && host.connected[other.member] !== other.life) acts.push(() => this.#connect(host, other));
    }
    if (host.decision !== undefined) acts.push(() => this.#commit(host));
    if (host.untold !== undefined) acts.push(() => this.#tell(host));
    const next = host.head + 1n;
    const behind = host.member !== coordinator && next <= this.#headers.length && host.decision === undefined;
    // Without a loss the COMMIT comes; one that hears of the block elsewhere may also not wait for it.
    if (behind && host.untold === undefined && (this.#broken || this.#random.oneIn(40))) {
      acts.push(() => this.#catchUp(host));
    }
    if (!host.begun && host.decision === undefined && host.untold === undefined && next <= this.#wanted) {
      if (host.member !== coordinator) {
        acts.push(() => this.#guard(host, () => host.begin(this.#tasks[Number(next) - 1]!)));
      } else if (this.#mayBegin()) acts.push(() => this.#begin(host));
    }
    if (this.#random.oneIn(200)) acts.push(() => host.maintain());
    // The coordinator gives up an attempt although nobody is lost.
    if (host.member === coordinator && host.begun && host.decision === undefined && host.untold === undefined) {
      if (this.#random.oneIn(2_000)) acts.push(() => host.abandon());
    }
  }

  /** One process learns that another one is a new one: the attempts with the old one are void. */
  #connect(host: LaneHost, other: LaneHost): void {
    if (host.connected[other.member]! >= 0) {
      // What is decided is decided: it may be committed first.
      if (host.decision !== undefined && this.#random.oneIn(2)) this.#commit(host);
      if (!host.up) return;
      host.abandon();
    }
    host.connected[other.member] = other.life;
  }

  #mayBegin(): boolean {
    const { head } = this.hosts[coordinator]!;
    return this.hosts.every(
      (host) =>
        host.up &&
        this.hosts.every(({ member, life }) => host.connected[member] === life) &&
        (!this.#broken || host.head === head),
    );
  }

  #begin(host: LaneHost): void {
    this.#broken = false;
    this.#attempt += 1;
    this.counts.attempts += 1;
    const salt = this.#random.below(2 ** 32);
    const next = Number(host.head);
    host.begin(this.#tasks[next]!, { session: this.#session, attempt: this.#attempt, salt });
    this.#checkDecision(host);
  }

  #commit(host: LaneHost): void {
    if (this.#crashesAtCommit(host)) return;
    const { whole } = host.decision!;
    const header = host.commit();
    if (whole !== undefined) {
      this.#headers.push(header);
      this.#parts.push(whole.accessLists);
    }
    this.#checkRoot(host.head);
    this.#crashesAtCommit(host);
  }

  #tell(host: LaneHost): void {
    this.#guard(host, () => host.tell());
  }

  #catchUp(host: LaneHost): void {
    const part = this.#parts[Number(host.head)]![host.member]!;
    host.catchUp(part);
    this.counts.caughtUp += 1;
    this.#checkRoot(host.head);
  }

  /** The members' subtries come to the root in the header, when all are at the height. */
  #checkRoot(height: bigint): void {
    if (this.hosts.some(({ head }) => head !== height)) return;
    const root = rootOf(this.hosts);
    const { stateRoot } = this.#headers[Number(height) - 1]!;
    if (root !== stateRoot)
      throw new SoakFault(`the members' tops at block ${height} come to ${root}, not ${stateRoot}`);
  }

  // Crashes.

  #planCrash(): void {
    this.#ticksUntilCrash = 1 + this.#random.below(this.#ticksOfBlock);
  }

  #crashesAtCommit(host: LaneHost): boolean {
    if (this.#crashesLeft === 0 || !this.#random.oneIn(6)) return false;
    this.counts.crashesAtCommits += 1;
    this.#crash(host.member);
    return true;
  }

  #crash(member: number): void {
    const host = this.hosts[member]!;
    this.#crashesLeft -= 1;
    this.#planCrash();
    if (!host.up) return;
    this.counts.crashes += 1;
    if (member === coordinator) {
      this.counts.crashesOfCoordinator += 1;
      this.#session += 1;
      this.#attempt = 0;
    }
    this.#broken = true;
    host.crash();
    this.network.lose(member);
  }

  /** As when every connection breaks, with no process lost. */
  #disconnectAll(): void {
    this.#broken = true;
    for (const host of this.hosts) if (host.up) host.abandon();
  }
}

function rootOf(hosts: readonly LaneHost[]): Hash32 {
  return bytesToHex(mergeBuckets(hosts.flatMap((host) => host.tops())).root) as Hash32;
}
