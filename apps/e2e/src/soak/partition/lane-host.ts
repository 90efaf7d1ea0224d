import type { Evm } from '@sheaf/evm';
import type { Header } from '@sheaf/ethereum';
import { bucketsOf, LaneMember, type Decision } from '@sheaf/partition';
import { toHeight } from '@sheaf/primitives';
import {
  changesOf,
  decodeAccessList,
  memoryKeyValue,
  PartitionState,
  type BlockChanges,
  type KeyValue,
} from '@sheaf/state';
import type { BlockTask, ForkRules } from '@sheaf/state-transition';

export interface LaneHostOptions {
  member: number;
  members: number;
  rules: ForkRules;
  evm: Evm;
  coordinatorShare: number;
  /** The changes of genesis, of all partitions. */
  genesis: BlockChanges;
  send(to: number, message: Uint8Array): void;
}

/** One member as a process has it: its state lasts, all else is gone with a crash. */
export class LaneHost {
  readonly member: number;
  readonly #options: LaneHostOptions;
  readonly #kv: KeyValue = memoryKeyValue();
  #state: PartitionState;
  /** `undefined` while the process is down. */
  lane: LaneMember | undefined;
  life = 0;
  /** Which life of each member it is connected with; -1: with none. */
  readonly connected: number[];
  /** Decided and not committed. */
  decision: Decision | undefined;
  /** The header of the block that is committed here while the lane has not been told. */
  untold: Header | undefined;
  /** A block was begun and is neither committed nor abandoned. */
  begun = false;
  /** Its last piece of work was none. */
  idle = false;

  constructor(options: LaneHostOptions) {
    this.#options = options;
    const { member, members, genesis } = options;
    this.member = member;
    this.connected = new Array<number>(members).fill(-1);
    this.#state = this.#open();
    const { first, end } = bucketsOf(member, members);
    const accounts = genesis.accounts.filter(({ address }) => typeof this.#state.account(address) !== 'symbol');
    if (first === end) throw new Error('a member has buckets');
    this.#state.commit(this.#state.prepare({ ...genesis, accounts }), { height: toHeight(0) });
  }

  get up(): boolean {
    return this.lane !== undefined;
  }

  get head(): bigint {
    return this.#state.head()!;
  }

  /** What hangs at its own buckets. */
  tops() {
    const { first, end } = bucketsOf(this.member, this.#options.members);
    return this.#state.tops().slice(first, end);
  }

  start(): void {
    this.life += 1;
    this.#state = this.#open();
    const { member, members, rules, evm, coordinatorShare, send } = this.#options;
    const { life } = this;
    this.lane = new LaneMember(
      { member, members, rules, evm, coordinatorShare },
      {
        state: this.#state,
        send,
        decided: (decision) => {
          if (this.life !== life) throw new Error('a member that is gone decides');
          this.decision = decision;
        },
      },
    );
    this.connected.fill(-1);
    this.connected[member] = life;
  }

  crash(): void {
    this.lane = undefined;
    this.#forget();
  }

  begin(task: BlockTask, attempt?: { session: number; attempt: number; salt: number }): void {
    this.#forget();
    this.begun = true;
    this.lane!.begin(task, attempt);
  }

  abandon(): void {
    this.#forget();
    this.lane!.abandon();
  }

  /** The block that was decided is durable afterwards. */
  commit(): Header {
    const { header, prepared, accessList } = this.decision!;
    this.#state.commit(prepared, { height: toHeight(header.number), accessList });
    this.decision = undefined;
    this.untold = header;
    return header;
  }

  /** Tells the lane that the block is committed. */
  tell(): void {
    this.untold = undefined;
    this.begun = false;
    this.lane!.committed();
  }

  /** Applies its part of the access list of the next height, without executing anything. */
  catchUp(part: Uint8Array): void {
    this.abandon();
    const changes = changesOf(decodeAccessList(part));
    const height = toHeight(this.head + 1n);
    this.#state.commit(this.#state.prepare(changes), { height, accessList: part });
  }

  maintain(): void {
    this.#state.maintain({ idle: true });
  }

  #forget(): void {
    this.decision = undefined;
    this.untold = undefined;
    this.begun = false;
    this.idle = false;
  }

  #open(): PartitionState {
    const buckets = bucketsOf(this.member, this.#options.members);
    return new PartitionState(this.#kv, { buckets, branchBytesCachedMax: 2 ** 18 });
  }
}
