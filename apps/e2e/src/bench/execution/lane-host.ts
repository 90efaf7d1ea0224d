import type { Evm } from '@sheaf/evm';
import { bucketsOf, LaneMember, type Decision, type Experience, type LaneFigures } from '@sheaf/partition';
import { toHeight } from '@sheaf/primitives';
import { createForkRules, taskOfPayload, type ForkRules } from '@sheaf/state-transition';
import { checkHash, type BenchCase, type MemberBlock } from './bench-case.ts';
import { openStore, partsTable, type BenchStore } from './store.ts';

/** Code bytes compiled between two blocks, at a time: as the services' engine does it. */
const compileBytesMax = 32_768;

export interface LaneHostOptions {
  member: number;
  members: number;
  spec: BenchCase['spec'];
  start: BenchCase['start'];
  dataDir: string;
  /** Members in one thread may share one. Kept between cases, as `experience`: a member of a lane that has run for long has seen such codes and calls. */
  evm: Evm;
  experience: Experience;
  send(to: number, message: Uint8Array): void;
}

/** A member of a lane with the store of its partition: what apps/execution is around `LaneMember`, without its transport. */
export class LaneHost {
  /** Whether the block that was begun is durable here. */
  done = true;
  /** Of the last block; at the coordinator. */
  figures: LaneFigures | undefined;
  readonly #member: number;
  readonly #members: number;
  readonly #rules: ForkRules;
  readonly #evm: Evm;
  readonly #store: BenchStore;
  readonly #lane: LaneMember;
  #decision: Decision | undefined;
  #expected = '';
  #height = 0n;

  constructor({ member, members, spec, start, dataDir, evm, experience, send }: LaneHostOptions) {
    this.#member = member;
    this.#members = members;
    this.#rules = createForkRules(spec);
    this.#evm = evm;
    this.#store = openStore(dataDir, start, bucketsOf(member, members));
    this.#lane = new LaneMember(
      { member, members, rules: this.#rules, evm, experience },
      { state: this.#store.state, send, decided: (decision) => (this.#decision = decision) },
    );
  }

  begin({ input, hash }: MemberBlock): void {
    this.done = false;
    this.#expected = hash;
    this.#height += 1n;
    const attempt = Number(this.#height);
    this.#lane.begin(
      taskOfPayload(this.#rules, input),
      this.#member === 0 ? { session: 1, attempt, salt: attempt } : undefined,
    );
  }

  receive(from: number, message: Uint8Array): void {
    this.#lane.receive(from, message);
  }

  /** One piece of work. `false`: nothing until a message comes. @throws Error when the block is not the right one */
  step(): boolean {
    if (this.done) return false;
    if (this.#lane.step()) return true;
    if (this.#decision === undefined) return false;
    this.#commit(this.#decision);
    return true;
  }

  /** What a service does between blocks. */
  maintain(): void {
    while (this.#store.state.maintain());
    while (this.#evm.compilePending(compileBytesMax) > 0);
    globalThis.gc?.({ type: 'minor' });
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** The coordinator has the others' access lists, and commits first. */
  #commit({ prepared, accessList, whole }: Decision): void {
    this.#decision = undefined;
    const also = whole?.accessLists.slice(1).map((value, index) => {
      return { table: partsTable, key: Uint8Array.from(Buffer.from(`${this.#height} ${index + 1}`)), value };
    });
    this.#store.state.commit(prepared, {
      height: toHeight(this.#height),
      accessList,
      ...(also === undefined ? {} : { also }),
      durable: () => this.#lane.committed(),
    });
    this.done = true;
    this.figures = whole?.figures;
    if (whole !== undefined) checkHash(whole.block, this.#expected, `a lane of ${this.#members}`);
  }
}
