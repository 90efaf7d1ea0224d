import type { BlockTask } from '@sheaf/state-transition';
import type { Decision, LaneState } from './block-end.ts';
import { LaneMember, type LaneMemberOptions } from './lane-member.ts';

/** A message that is on its way. */
export interface Sent {
  from: number;
  to: number;
  message: Uint8Array;
}

export interface LocalLaneOptions extends Omit<LaneMemberOptions, 'member' | 'evm'> {
  /** The engine of a member: they may share one, since they take turns. */
  evm(member: number): LaneMemberOptions['evm'];
  state(member: number): LaneState;
  /** Told before and after a member does something, to account for what it takes. */
  watch?: { enter(member: number): void; leave(member: number): void };
}

/** A whole lane in one thread: members take turns, and messages arrive as they are picked. */
export class LocalLane {
  readonly members: LaneMember[];
  readonly onTheWay: Sent[] = [];
  /** Bytes that went from one member to another. */
  bytes = 0;
  messages = 0;
  readonly #decisions: (Decision | undefined)[];
  readonly #watch: LocalLaneOptions['watch'];

  constructor(options: LocalLaneOptions) {
    const { members, state, evm, watch, ...rest } = options;
    this.#watch = watch;
    this.#decisions = new Array<Decision | undefined>(members);
    this.members = Array.from({ length: members }, (_, member) =>
      this.#open({ ...rest, members, member, evm: evm(member) }, state(member)),
    );
  }

  /**
   * Runs the block to the end: each member's decision. Until `commit` nothing is durable anywhere.
   * @throws what a member throws
   */
  execute(task: BlockTask, attempt: { session: number; attempt: number; salt: number }): Decision[] {
    this.#decisions.fill(undefined);
    for (const member of this.members.keys()) if (member > 0) this.#as(member, (each) => each.begin(task));
    this.#as(0, (each) => each.begin(task, attempt));
    while (this.#decisions.some((decision) => decision === undefined)) {
      if (!this.turn()) throw new Error('the lane stands still');
    }
    for (const member of this.members) member.abandon();
    return this.#decisions as Decision[];
  }

  /** Delivers one message, or lets each member do one piece of work. `false`: there is nothing to do. */
  turn(): boolean {
    const sent = this.onTheWay.shift();
    if (sent !== undefined) {
      this.#as(sent.to, (member) => member.receive(sent.from, sent.message));
      return true;
    }
    let worked = false;
    for (const member of this.members.keys()) worked = this.#as(member, (each) => each.step()) || worked;
    const [first] = this.#decisions;
    if (!worked && this.onTheWay.length === 0 && first !== undefined) this.#as(0, (each) => each.committed());
    return worked || this.onTheWay.length > 0;
  }

  #open(options: LaneMemberOptions, state: LaneState): LaneMember {
    const { member } = options;
    return new LaneMember(options, {
      state,
      send: (to, message) => {
        this.bytes += message.length;
        this.messages += 1;
        this.onTheWay.push({ from: member, to, message });
      },
      decided: (decision) => (this.#decisions[member] = decision),
    });
  }

  #as<T>(member: number, act: (member: LaneMember) => T): T {
    this.#watch?.enter(member);
    try {
      return act(this.members[member]!);
    } finally {
      this.#watch?.leave(member);
    }
  }
}
