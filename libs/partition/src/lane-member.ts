import type { Evm } from '@sheaf/evm';
import { assert, ChainError } from '@sheaf/primitives';
import type { BlockTask, ForkRules } from '@sheaf/state-transition';
import { Attempt } from './attempt.ts';
import type { Decision, LaneState } from './block-end.ts';
import { BlockReader } from './block-reader.ts';
import { EarlyReading } from './early-reading.ts';
import { Experience } from './experience.ts';
import { partitionLimits } from './limits.ts';
import { compareAttempts, decodeEnvelope, encodeEnvelope, kinds, type AttemptName, type Envelope } from './messages.ts';

export interface LaneMemberOptions {
  member: number;
  members: number;
  rules: ForkRules;
  evm: Evm;
  /** Part of a block's gas that the coordinator's other work is worth; by default it is found out. */
  coordinatorShare?: number;
  /** Of a member that had this place before; by default there is none. */
  experience?: Experience;
}

export interface LaneMemberDependencies {
  state: LaneState;
  /** Hands a message to another member: at once or later, once or twice, in any order, or never. */
  send(to: number, message: Uint8Array): void;
  /** The block is decided: commit the own part, then call `committed`. */
  decided(decision: Decision): void;
}

/**
 * One member of a lane: executes its part of one block after another. It has no clock, no socket, no thread: messages come in
 * by `receive`, work is done by `step`.
 *
 * A block begins with `begin` at every member; the coordinator, member 0, names the attempt. When a member of the lane is
 * lost, all others `abandon` the attempt and the coordinator begins another one.
 */
export class LaneMember {
  readonly #options: LaneMemberOptions;
  readonly #deps: LaneMemberDependencies;
  readonly #experience: Experience;
  /** Of the block that has begun. */
  #reader: BlockReader | undefined;
  /** Until an attempt begins. */
  #earlyReading: EarlyReading | undefined;
  #name: AttemptName | undefined;
  #attempt: Attempt | undefined;
  /** Greatest attempt that was begun: older ones are void for ever. */
  #last: AttemptName = { height: -1n, session: 0, attempt: 0 };
  #held: { from: number; envelope: Envelope }[] = [];
  #sent: number[] = [];
  #received: number[] = [];

  constructor(options: LaneMemberOptions, deps: LaneMemberDependencies) {
    this.#options = options;
    this.#experience = options.experience ?? new Experience(options.members);
    assert(this.#experience.members === options.members, 'the experience is of a lane of as many members');
    this.#deps = deps;
  }

  /** The coordinator: makes the attempt. Another member: is ready for the coordinator's attempts at this block. */
  begin(task: BlockTask, attempt?: { session: number; attempt: number; salt: number }): void {
    this.abandon();
    this.#reader = new BlockReader(task, this.#options.rules);
    if (this.#options.member === 0) {
      assert(attempt !== undefined, 'the coordinator names the attempt');
      this.#open({ height: task.fields.number, session: attempt.session, attempt: attempt.attempt });
      this.#attempt!.begin(attempt.salt);
      return;
    }
    const { member, members } = this.#options;
    const { owners } = this.#experience;
    if (members <= partitionLimits.earlyReadingMembersMax) {
      this.#earlyReading = new EarlyReading({ member, owners, senders: task.senders ?? [], reader: this.#reader });
    }
    this.#openHeld();
  }

  /** Forgets the attempt, and the block until it begins again. */
  abandon(): void {
    this.#deps.state.unstage();
    this.#reader = undefined;
    this.#earlyReading = undefined;
    this.#name = undefined;
    this.#attempt = undefined;
  }

  /** The decided block is durable here. */
  committed(): void {
    if (this.#options.member === 0) this.#attempt!.committed();
    this.abandon();
  }

  /**
   * @throws ChainError `INVALID_ARGUMENT` for bytes that no member would send, `LIMIT` when too much waits, `CONFLICT` when
   * the coordinator executes another payload. The attempt is of no use then.
   */
  receive(from: number, message: Uint8Array): void {
    if (message.length > partitionLimits.messageBytesMax) throw limit(`a message has ${message.length} bytes`);
    const envelope = decodeEnvelope(message);
    const age = this.#name === undefined ? 1 : compareAttempts(envelope, this.#name);
    if (age === 0) {
      this.#take(from, envelope);
      return;
    }
    if (age < 0 || compareAttempts(envelope, this.#last) <= 0) return;
    this.#hold(from, envelope);
    if (envelope.kind === kinds.PLACE) this.#openHeld();
  }

  /** Does one piece of work. `false`: there is none until a message comes. */
  step(): boolean {
    return (this.#attempt ?? this.#earlyReading)?.step() ?? false;
  }

  /** Opens the newest attempt at this block that has been placed. */
  #openHeld(): void {
    if (this.#reader === undefined || this.#options.member === 0) return;
    const height = this.#reader.task.fields.number;
    let newest: Envelope | undefined;
    for (const { from, envelope } of this.#held) {
      if (envelope.kind !== kinds.PLACE || from !== 0 || envelope.height !== height) continue;
      if (newest === undefined || compareAttempts(envelope, newest) > 0) newest = envelope;
    }
    if (newest !== undefined) this.#open(newest);
  }

  #open({ height, session, attempt }: AttemptName): void {
    const name = { height, session, attempt };
    const { rules, evm, member, members, coordinatorShare } = this.#options;
    const { state, decided } = this.#deps;
    // Of the attempt before.
    state.unstage();
    this.#name = name;
    this.#last = name;
    this.#sent = new Array<number>(members).fill(0);
    this.#received = new Array<number>(members).fill(0);
    this.#attempt = new Attempt(
      {
        member,
        members,
        evm,
        rules,
        state,
        experience: this.#experience,
        coordinatorShare,
        send: (to, kind, body) => {
          const sequence = this.#sent[to]!++;
          this.#deps.send(to, encodeEnvelope({ ...name, sequence, kind, body }));
        },
        decided,
      },
      this.#reader!,
    );
    const held = this.#held.filter(({ envelope }) => compareAttempts(envelope, name) >= 0);
    this.#held = [];
    for (const { from, envelope } of held) {
      if (compareAttempts(envelope, name) > 0) this.#held.push({ from, envelope });
      else this.#take(from, envelope);
    }
  }

  /** For later. @throws ChainError `LIMIT` when too much waits: then all of it is dropped */
  #hold(from: number, envelope: Envelope): void {
    const bytes = this.#held.reduce((sum, each) => sum + each.envelope.body.length, envelope.body.length);
    if (this.#held.length >= partitionLimits.messagesHeldMax || bytes > partitionLimits.heldBytesMax) {
      this.#held = [];
      throw limit('too many messages wait for those before them, or for their attempt');
    }
    this.#held.push({ from, envelope: { ...envelope, body: envelope.body.slice() } });
  }

  /** Messages of one member are taken in their order, each once. */
  #take(from: number, envelope: Envelope): void {
    const attempt = this.#attempt!;
    const next = this.#received[from]!;
    if (envelope.sequence < next) return;
    if (envelope.sequence > next) {
      this.#hold(from, envelope);
      return;
    }
    this.#received[from] = next + 1;
    attempt.receive(from, envelope.kind, envelope.body);
    if (this.#attempt !== attempt || this.#held.length === 0) return;
    const at = this.#held.findIndex(
      (each) =>
        each.from === from && each.envelope.sequence === next + 1 && compareAttempts(each.envelope, this.#name!) === 0,
    );
    if (at < 0) return;
    const [following] = this.#held.splice(at, 1);
    this.#take(from, following!.envelope);
  }
}

function limit(message: string): ChainError {
  return new ChainError({ code: 'LIMIT', message, retryAfterMs: 0 });
}
