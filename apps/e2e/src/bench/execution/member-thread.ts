// A member in a thread of its own, or a whole accounted lane. The main thread says which block; the members talk to each other.
import { join } from 'node:path';
import { receiveMessageOnPort, parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { createEvm, warmPrecompiles, type Evm } from '@sheaf/evm';
import { Experience } from '@sheaf/partition';
import { createEngine } from '@sheaf/state-transition';
import { cpuClockWorks, ownClock, type Clock } from '../clock.ts';
import type { BenchCase, MemberBlock } from './bench-case.ts';
import { LaneHost } from './lane-host.ts';
import { PerChain } from './per-chain.ts';
import { SequentialChain } from './sequential.ts';
import { VirtualLane, type LaneAccount } from './virtual-lane.ts';

/** What the thread is. */
export interface MemberThreadData {
  kind: 'execution-member';
  role: MemberRole;
}

export type MemberRole =
  /** Has everything, and executes one transaction after the other. */
  | { kind: 'alone' }
  /** One of a lane of two. */
  | ({ kind: 'member' } & LaneThreadData)
  /** A lane of so many, of which each member's work is counted by itself. */
  | { kind: 'lane'; members: number };

interface LaneThreadData {
  /** 0 or 1. */
  member: number;
  port: MessagePort;
  /** One a member: how many messages it was ever sent. */
  bells: Int32Array;
}

/** What it is told. Each has one answer. */
export type MemberOrder =
  | { kind: 'open'; dataDir: string; spec: BenchCase['spec']; start: BenchCase['start']; blocks: MemberBlock[] }
  | { kind: 'execute'; block: number }
  | { kind: 'close' }
  /** The thread ends afterwards. */
  | { kind: 'end' };

/** By the machine's steady clock, which is the same in all threads. */
export interface MemberTimes {
  beganMs: number;
  endedMs: number;
  /** What the thread got meanwhile. */
  cpuMs: number | undefined;
  /** What it does between blocks, after this one: the store's carrying over, compiling, collecting. */
  betweenMs: number;
  rounds: number;
  messages: number;
  bytes: number;
  /** Of a whole lane. */
  account?: LaneAccount;
}

export type MemberAnswer = { times: MemberTimes | undefined } | { fault: string };

const laneMembers = 2;
/** Nobody waits that long for a message: it is lost. */
const silenceMsMax = 30_000;

interface Member {
  execute(block: MemberBlock): Promise<Omit<MemberTimes, 'beganMs' | 'endedMs' | 'cpuMs' | 'betweenMs'>>;
  maintain(): void;
  close(): Promise<void>;
}

export function isMemberThread(data: unknown): data is MemberThreadData {
  return (data as MemberThreadData | null)?.kind === 'execution-member';
}

export function serveMember(): void {
  const { role } = workerData as MemberThreadData;
  const cpuClock = cpuClockWorks() ? ownClock('cpu') : undefined;
  const port = parentPort!;
  const engines = new PerChain(createEngine);
  const members = role.kind === 'lane' ? role.members : laneMembers;
  const lanes = new PerChain(({ fork, chainId }) => ({
    evm: createEvm({ fork, chainId }),
    experiences: Array.from({ length: role.kind === 'lane' ? members : 1 }, () => new Experience(members)),
  }));
  const open = (order: Opening): Member => {
    switch (role.kind) {
      case 'alone':
        return openSequential(order, engines.of(order.spec));
      case 'member':
        return openMember(order, role, lanes.of(order.spec));
      case 'lane':
        return openLane(order, role.members, { clock: cpuClock ?? ownClock('wall'), ...lanes.of(order.spec) });
    }
  };
  let member: Member | undefined;
  let blocks: MemberBlock[] = [];
  const obey = async (order: MemberOrder): Promise<MemberTimes | undefined> => {
    switch (order.kind) {
      case 'open':
        await warmPrecompiles({ pointEvaluation: false });
        blocks = order.blocks;
        member = open(order);
        return undefined;
      case 'execute': {
        const beganMs = nowMs();
        const beganNs = cpuClock?.();
        const rest = await member!.execute(blocks[order.block]!);
        const endedMs = nowMs();
        const cpuMs = beganNs === undefined ? undefined : (cpuClock!() - beganNs) / 1e6;
        const maintainedMs = nowMs();
        member!.maintain();
        return { beganMs, endedMs, cpuMs, betweenMs: nowMs() - maintainedMs, ...rest };
      }
      case 'close':
        await member!.close();
        member = undefined;
        return undefined;
      case 'end':
        if (role.kind === 'member') role.port.close();
        port.close();
        return undefined;
    }
  };
  port.on('message', (order: MemberOrder) => {
    obey(order).then(
      (times) => port.postMessage({ times } satisfies MemberAnswer),
      (error: unknown) => port.postMessage({ fault: (error as Error).stack ?? String(error) } satisfies MemberAnswer),
    );
  });
}

type Opening = Extract<MemberOrder, { kind: 'open' }>;

function openSequential({ dataDir, spec, start }: Opening, engine: ReturnType<typeof createEngine>): Member {
  const chain = new SequentialChain(dataDir, { spec, start }, engine);
  return {
    async execute(block) {
      await chain.execute(block);
      return { rounds: 1, messages: 0, bytes: 0 };
    },
    maintain: () => chain.maintain(),
    close: () => chain.close(),
  };
}

/** What outlives a case. */
interface LaneKept {
  evm: Evm;
  experiences: Experience[];
}

function openLane({ dataDir, spec, start }: Opening, members: number, kept: LaneKept & { clock: Clock }): Member {
  let stores = 0;
  const lane = new VirtualLane(members, { spec, start }, { ...kept, dataDir: () => join(dataDir, String(stores++)) });
  return {
    execute(block) {
      const account = lane.execute(block);
      const { messages, bytes, figures } = account;
      return Promise.resolve({ rounds: figures.rounds, messages, bytes, account });
    },
    maintain: () => lane.maintain(),
    close: () => lane.close(),
  };
}

function openMember(
  { dataDir, spec, start }: Opening,
  { member, port, bells }: LaneThreadData,
  { evm, experiences }: LaneKept,
): Member {
  const other = 1 - member;
  const sent = { messages: 0, bytes: 0 };
  const host = new LaneHost({
    member,
    members: laneMembers,
    spec,
    start,
    dataDir,
    evm,
    experience: experiences[0]!,
    send(to, message) {
      sent.messages += 1;
      sent.bytes += message.length;
      // Handed over without a copy, unless it is part of something larger.
      const whole = message.length === message.buffer.byteLength ? message : message.slice();
      port.postMessage(whole, [whole.buffer as ArrayBuffer]);
      Atomics.add(bells, to, 1);
      Atomics.notify(bells, to);
    },
  });
  let heard = Atomics.load(bells, member);
  const listen = (): boolean => {
    const rung = Atomics.load(bells, member);
    if (rung === heard) return false;
    heard = rung;
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      host.receive(other, next.message as Uint8Array);
    }
    return true;
  };
  // By itself, so that a profile says how long the member was idle.
  const waitForBell = (): void => {
    const woken = Atomics.wait(bells, member, heard, silenceMsMax);
    if (woken === 'timed-out') throw new Error(`member ${member} of 2 has heard nothing for ${silenceMsMax} ms`);
  };
  return {
    async execute(block) {
      sent.messages = 0;
      sent.bytes = 0;
      host.begin(block);
      while (!host.done) {
        const came = listen();
        if (host.step() || came) continue;
        waitForBell();
      }
      return { rounds: host.figures?.rounds ?? 0, ...sent };
    },
    maintain: () => host.maintain(),
    close: () => host.close(),
  };
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
