// A member in a thread of its own. The main thread says which block; the members talk to each other.
import { receiveMessageOnPort, parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { createEvm, warmPrecompiles } from '@sheaf/evm';
import { Experience } from '@sheaf/partition';
import { createEngine } from '@sheaf/state-transition';
import { cpuClockWorks, ownClock } from '../clock.ts';
import type { BenchCase, MemberBlock } from './bench-case.ts';
import { LaneHost, type LaneHostOptions } from './lane-host.ts';
import { PerChain } from './per-chain.ts';
import { SequentialChain } from './sequential.ts';

/** What the thread is. */
export interface MemberThreadData {
  kind: 'execution-member';
  /** `undefined`: the member that has everything and executes one after the other. */
  lane: LaneThreadData | undefined;
}

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
  rounds: number;
  messages: number;
  bytes: number;
}

export type MemberAnswer = { times: MemberTimes | undefined } | { fault: string };

const laneMembers = 2;
/** Nobody waits that long for a message: it is lost. */
const silenceMsMax = 30_000;

interface Member {
  execute(block: MemberBlock): Promise<Omit<MemberTimes, 'beganMs' | 'endedMs' | 'cpuMs'>>;
  maintain(): void;
  close(): Promise<void>;
}

export function isMemberThread(data: unknown): data is MemberThreadData {
  return (data as MemberThreadData | null)?.kind === 'execution-member';
}

export function serveMember(): void {
  const { lane } = workerData as MemberThreadData;
  const port = parentPort!;
  const engines = new PerChain(createEngine);
  const lanes = new PerChain(({ fork, chainId }) => ({
    evm: createEvm({ fork, chainId }),
    experience: new Experience(laneMembers),
  }));
  const cpuClock = cpuClockWorks() ? ownClock('cpu') : undefined;
  let member: Member | undefined;
  let blocks: MemberBlock[] = [];
  const obey = async (order: MemberOrder): Promise<MemberTimes | undefined> => {
    switch (order.kind) {
      case 'open':
        await warmPrecompiles({ pointEvaluation: false });
        blocks = order.blocks;
        member =
          lane === undefined
            ? openSequential(order, engines.of(order.spec))
            : openLane(order, lane, lanes.of(order.spec));
        return undefined;
      case 'execute': {
        const beganMs = nowMs();
        const beganNs = cpuClock?.();
        const rest = await member!.execute(blocks[order.block]!);
        const endedMs = nowMs();
        const cpuMs = beganNs === undefined ? undefined : (cpuClock!() - beganNs) / 1e6;
        member!.maintain();
        return { beganMs, endedMs, cpuMs, ...rest };
      }
      case 'close':
        await member!.close();
        member = undefined;
        return undefined;
      case 'end':
        lane?.port.close();
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

function openLane(
  { dataDir, spec, start }: Opening,
  { member, port, bells }: LaneThreadData,
  kept: Pick<LaneHostOptions, 'evm' | 'experience'>,
): Member {
  const other = 1 - member;
  const sent = { messages: 0, bytes: 0 };
  const host = new LaneHost({
    member,
    members: laneMembers,
    spec,
    start,
    dataDir,
    ...kept,
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
