import type { Experience, LaneFigures } from '@sheaf/partition';
import type { Evm } from '@sheaf/evm';
import type { Clock } from '../clock.ts';
import type { BenchCase, MemberBlock } from './bench-case.ts';
import { LaneHost } from './lane-host.ts';

/** Pieces of work between two looks at the clock and at the messages that have come. */
const stepsPerSlice = 32;

/** What one block took on members that were accounted one by one. Milliseconds by the clock that was given. */
export interface LaneAccount {
  /** Of each member. */
  cpuMs: number[];
  /** From the beginning to the last member's commit, had each member a core of its own and messages took no time. */
  criticalMs: number;
  /** To the coordinator's commit: from then on the block is known. */
  headMs: number;
  messages: number;
  bytes: number;
  figures: LaneFigures;
}

export interface VirtualLaneOptions {
  clock: Clock;
  /** Members take turns in one thread, so they share an engine; of their own they would have each seen the same codes. */
  evm: Evm;
  /** Of each member. */
  experiences: readonly Experience[];
  dataDir(): string;
}

interface Waiting {
  /** When it comes, by the sender's time. */
  atMs: number;
  from: number;
  to: number;
  message: Uint8Array;
}

/**
 * A lane in one thread, in which each member has a time of its own: a slice of work moves its time on by what it took, and a
 * message comes at the time at which its sender had got. Always the member goes on that is behind. So the last member's time
 * is the critical path: what N cores would take if messages took nothing and the cores did not disturb each other.
 */
export class VirtualLane {
  readonly #members: LaneHost[];
  readonly #clock: Clock;
  #times: number[] = [];
  #busy: boolean[] = [];
  #waiting: Waiting[][] = [];
  #messages = 0;
  #bytes = 0;
  /** The slice that is running: when it began by its member's time and by the wall clock, and what it has sent. */
  #slice = { ms: 0, wallMs: 0, sent: [] as Waiting[] };

  constructor(members: number, { spec, start }: Pick<BenchCase, 'spec' | 'start'>, options: VirtualLaneOptions) {
    const { clock, evm, experiences, dataDir } = options;
    this.#clock = clock;
    this.#members = Array.from({ length: members }, (_, member) => {
      const send = (to: number, message: Uint8Array): void => this.#send(member, to, message);
      const experience = experiences[member]!;
      return new LaneHost({ member, members, spec, start, evm, experience, dataDir: dataDir(), send });
    });
  }

  execute(block: MemberBlock): LaneAccount {
    const members = this.#members;
    this.#times = members.map(() => 0);
    this.#busy = members.map(() => true);
    this.#waiting = members.map(() => []);
    this.#messages = 0;
    this.#bytes = 0;
    const cpuMs = members.map(() => 0);
    let headMs = 0;
    const run = (member: number, work: () => void): void => {
      const slice = { ms: this.#times[member]!, wallMs: performance.now(), sent: [] as Waiting[] };
      this.#slice = slice;
      const beganNs = this.#clock();
      work();
      const tookMs = (this.#clock() - beganNs) / 1e6;
      cpuMs[member]! += tookMs;
      this.#times[member]! += tookMs;
      for (const message of slice.sent) this.#post(message, this.#times[member]!);
    };
    // The coordinator begins when all others have: they are told by the same payload.
    for (const member of [...members.keys()].reverse()) run(member, () => members[member]!.begin(block));
    for (;;) {
      const member = this.#next();
      if (member === undefined) break;
      const host = members[member]!;
      const wasDone = host.done;
      this.#times[member] = this.#startOf(member);
      run(member, () => this.#work(member));
      if (member === 0 && host.done && !wasDone) headMs = this.#times[0]!;
    }
    if (members.some(({ done }) => !done)) throw new Error(`a lane of ${members.length} stands still`);
    const figures = members[0]!.figures!;
    return {
      cpuMs,
      criticalMs: Math.max(...this.#times),
      headMs,
      messages: this.#messages,
      bytes: this.#bytes,
      figures,
    };
  }

  /** What services do between blocks. */
  maintain(): void {
    for (const member of this.#members) member.maintain();
  }

  async close(): Promise<void> {
    for (const member of this.#members) await member.close();
  }

  #work(member: number): void {
    const host = this.#members[member]!;
    const waiting = this.#waiting[member]!;
    const now = this.#times[member]!;
    while (waiting.length > 0 && waiting[0]!.atMs <= now) {
      const { from, message } = waiting.shift()!;
      host.receive(from, message);
    }
    let busy = true;
    for (let i = 0; busy && i < stepsPerSlice; i++) busy = host.step();
    this.#busy[member] = busy;
  }

  /** The member that can go on first; the lowest of several. */
  #next(): number | undefined {
    let next: number | undefined;
    let atMs = Infinity;
    for (const member of this.#members.keys()) {
      const start = this.#startOf(member);
      if (start < atMs) [next, atMs] = [member, start];
    }
    return next;
  }

  #startOf(member: number): number {
    if (this.#busy[member]) return this.#times[member]!;
    const first = this.#waiting[member]![0];
    return first === undefined ? Infinity : Math.max(first.atMs, this.#times[member]!);
  }

  /** The wall clock tells times within a slice: the other one takes as long as what is sent. */
  #send(from: number, to: number, message: Uint8Array): void {
    this.#messages += 1;
    this.#bytes += message.length;
    const { ms, wallMs, sent } = this.#slice;
    sent.push({ atMs: ms + performance.now() - wallMs, from, to, message });
  }

  /** `endMs`: of the slice that sent it, which the machine may have interrupted. */
  #post({ atMs, ...rest }: Waiting, endMs: number): void {
    const message = { ...rest, atMs: Math.min(atMs, endMs) };
    const waiting = this.#waiting[message.to]!;
    let place = waiting.length;
    while (place > 0 && waiting[place - 1]!.atMs > message.atMs) place -= 1;
    waiting.splice(place, 0, message);
  }
}
