import { MessageChannel, Worker } from 'node:worker_threads';
import { BenchFault } from '../suite.ts';
import type { BenchCase } from './bench-case.ts';
import type { MemberAnswer, MemberOrder, MemberRole, MemberThreadData, MemberTimes } from './member-thread.ts';
import type { StoreFolder } from './store.ts';

/** One block on both: what a user waits, and what each thread got. Milliseconds. */
export interface PairSample {
  one: { wallMs: number; cpuMs: number | undefined; betweenMs: number };
  /** Two that execute it alone, at the same time: twice the work. Twice `one` over this is what two cores can give at most. */
  apart: { wallMs: number };
  two: {
    /** From the first member's beginning to the last one's commit. */
    wallMs: number;
    cpuMs: (number | undefined)[];
    betweenMs: number[];
    rounds: number;
    messages: number;
    bytes: number;
  };
}

/** As apps/execution's threads have it. */
const stackSizeMb = 32;

/** A member that executes alone, two of that kind apart, and a lane of two: five threads of which one or two work at a time. */
export class MemberThreads {
  readonly #alone: MemberThread;
  readonly #apart: readonly MemberThread[];
  readonly #lane: readonly MemberThread[];
  readonly #folder: StoreFolder;

  constructor(program: string, folder: StoreFolder) {
    const { port1, port2 } = new MessageChannel();
    const bells = new Int32Array(new SharedArrayBuffer(8));
    this.#folder = folder;
    this.#alone = MemberThread.alone(program);
    this.#apart = [MemberThread.alone(program), MemberThread.alone(program)];
    this.#lane = [port1, port2].map((port, member) => MemberThread.ofLane(program, { member, port, bells }));
  }

  /** Every block of the case on all three; the one and the lane take turns at being the first. */
  async run(each: BenchCase): Promise<PairSample[]> {
    const { blocks, warmUp } = each;
    const all = this.#all();
    for (const thread of all) await thread.open(each, this.#folder.next());
    const samples: PairSample[] = [];
    for (let block = 0; block < blocks.length; block++) {
      const order: MemberOrder = { kind: 'execute', block };
      let one: MemberTimes | undefined;
      if (block % 2 === 0) one = await this.#alone.obey(order);
      const lane = await together(this.#lane, order);
      const apart = await together(this.#apart, order);
      one ??= await this.#alone.obey(order);
      if (block >= warmUp) samples.push({ one: wallOf(one!), apart: { wallMs: spanOf(apart) }, two: laneOf(lane) });
    }
    for (const thread of all) await thread.obey({ kind: 'close' });
    return samples;
  }

  /** Afterwards the threads have ended. */
  async close(): Promise<void> {
    for (const thread of this.#all()) await thread.end();
  }

  #all(): MemberThread[] {
    return [this.#alone, ...this.#apart, ...this.#lane];
  }
}

async function together(threads: readonly MemberThread[], order: MemberOrder): Promise<MemberTimes[]> {
  return (await Promise.all(threads.map((thread) => thread.obey(order)))) as MemberTimes[];
}

/** From the first one's beginning to the last one's end. */
function spanOf(members: readonly MemberTimes[]): number {
  return Math.max(...members.map(({ endedMs }) => endedMs)) - Math.min(...members.map(({ beganMs }) => beganMs));
}

function wallOf({ beganMs, endedMs, cpuMs, betweenMs }: MemberTimes): PairSample['one'] {
  return { wallMs: endedMs - beganMs, cpuMs, betweenMs };
}

function laneOf(members: readonly MemberTimes[]): PairSample['two'] {
  const sum = (pick: (times: MemberTimes) => number): number =>
    members.reduce((total, times) => total + pick(times), 0);
  return {
    wallMs: spanOf(members),
    cpuMs: members.map(({ cpuMs }) => cpuMs),
    betweenMs: members.map(({ betweenMs }) => betweenMs),
    rounds: members[0]!.rounds,
    messages: sum(({ messages }) => messages),
    bytes: sum(({ bytes }) => bytes),
  };
}

/** A thread that does one thing after the other: as a member's process, it has a heap and compiled code of its own. */
export class MemberThread {
  readonly #worker: Worker;
  readonly #ended: Promise<number>;

  private constructor(program: string, role: MemberRole) {
    const data: MemberThreadData = { kind: 'execution-member', role };
    const transfer = role.kind === 'member' ? [role.port] : [];
    this.#worker = new Worker(program, {
      workerData: data,
      transferList: transfer,
      resourceLimits: { stackSizeMb },
    });
    this.#ended = new Promise((resolve) => this.#worker.once('exit', resolve));
  }

  /** A member that executes alone. */
  static alone(program: string): MemberThread {
    return new MemberThread(program, { kind: 'alone' });
  }

  static ofLane(program: string, lane: Omit<MemberRole & { kind: 'member' }, 'kind'>): MemberThread {
    return new MemberThread(program, { kind: 'member', ...lane });
  }

  /** A whole lane whose members take turns. */
  static lane(program: string, members: number): MemberThread {
    return new MemberThread(program, { kind: 'lane', members });
  }

  /** Afterwards it is at the state before the case's first block. */
  async open({ spec, start, blocks }: BenchCase, dataDir: string): Promise<void> {
    const sent = blocks.map(({ input, hash }) => ({ input, hash }));
    await this.obey({ kind: 'open', dataDir, spec, start, blocks: sent });
  }

  /** @throws BenchFault with what the thread said */
  obey(order: MemberOrder): Promise<MemberTimes | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        for (const event of ['message', 'error', 'exit'] as const) this.#worker.removeListener(event, on[event]);
        act();
      };
      const on = {
        message: (answer: MemberAnswer) =>
          settle(() => ('fault' in answer ? reject(new BenchFault(answer.fault)) : resolve(answer.times))),
        error: (error: Error) => settle(() => reject(error)),
        exit: (code: number) => settle(() => reject(new BenchFault(`a member's thread ended with code ${code}`))),
      };
      this.#worker.on('message', on.message).on('error', on.error).on('exit', on.exit);
      this.#worker.postMessage(order);
    });
  }

  async end(): Promise<void> {
    this.#worker.postMessage({ kind: 'end' } satisfies MemberOrder);
    await this.#ended;
  }
}
