// A member in a process of its own, to be weighed: the parent carries the messages between the members.
import { createEvm, warmPrecompiles } from '@sheaf/evm';
import { Experience } from '@sheaf/partition';
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type { BenchCase, MemberBlock } from './bench-case.ts';
import { LaneHost } from './lane-host.ts';
import { SequentialChain } from './sequential.ts';

/** What the program is told to be. */
export const memberProcessName = 'execution-member-process';

export interface ProcessOpening {
  member: number;
  /** 0: one transaction after the other, without a lane. */
  members: number;
  dataDir: string;
  spec: BenchCase['spec'];
  start: BenchCase['start'];
}

export type ProcessOrder =
  | ({ kind: 'open' } & ProcessOpening)
  | { kind: 'execute'; block: MemberBlock }
  | { kind: 'message'; from: number; message: Uint8Array }
  /** Ends. */
  | { kind: 'close' };

export type ProcessAnswer =
  | { kind: 'opened' }
  | { kind: 'send'; to: number; message: Uint8Array }
  | { kind: 'executed'; memory: Memory }
  | { kind: 'fault'; message: string };

/** Of one process, bytes. What the system does not tell (other than Linux) is `undefined`. */
export interface Memory {
  /** The most that was resident since the store was opened, pages of the store's file and of Node's own included. */
  residentPeak: number | undefined;
  /** Resident now and of no file: the heap, WebAssembly's memories, buffers. */
  anonymous: number | undefined;
  heapUsed: number;
}

interface Member {
  execute(block: MemberBlock): Promise<void>;
  receive(from: number, message: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export function runMemberProcess(): Promise<void> {
  const say = (answer: ProcessAnswer): void => void process.send!(answer);
  let member: Member | undefined;
  return new Promise((resolve) => {
    const obey = async (order: ProcessOrder): Promise<void> => {
      switch (order.kind) {
        case 'open':
          await warmPrecompiles({ pointEvaluation: false });
          member = order.members === 0 ? openAlone(order, say) : openLane(order, say);
          gc?.();
          forgetPeak();
          return say({ kind: 'opened' });
        case 'execute':
          return member!.execute(order.block);
        case 'message':
          return member!.receive(order.from, order.message);
        case 'close':
          await member!.close();
          process.disconnect();
          return resolve();
      }
    };
    process.on('message', (order: ProcessOrder) => {
      obey(order).catch((error: unknown) => say({ kind: 'fault', message: (error as Error).stack ?? String(error) }));
    });
    // The parent is gone.
    process.on('disconnect', resolve);
  });
}

function openAlone(opening: ProcessOpening, say: (answer: ProcessAnswer) => void): Member {
  const chain = new SequentialChain(opening.dataDir, opening);
  return {
    async execute(block) {
      await chain.execute(block);
      chain.maintain();
      say({ kind: 'executed', memory: readMemory() });
    },
    receive: () => Promise.reject(new Error('nobody has anything to say to a member that is alone')),
    close: () => chain.close(),
  };
}

function openLane(opening: ProcessOpening, say: (answer: ProcessAnswer) => void): Member {
  const { members, spec } = opening;
  const host = new LaneHost({
    ...opening,
    evm: createEvm({ fork: spec.fork, chainId: spec.chainId }),
    experience: new Experience(members),
    send: (to, message) => say({ kind: 'send', to, message }),
  });
  let working = false;
  /** Works until there is nothing to do; messages get their turn now and then. */
  const work = async (): Promise<void> => {
    if (working || host.done) return;
    working = true;
    for (let steps = 0; !host.done && host.step(); steps++) if (steps % 64 === 63) await setImmediate();
    working = false;
    if (!host.done) return;
    host.maintain();
    say({ kind: 'executed', memory: readMemory() });
  };
  return {
    execute(block) {
      host.begin(block);
      return work();
    },
    receive(from, message) {
      host.receive(from, message);
      return work();
    },
    close: () => host.close(),
  };
}

/** The peak is counted anew from here on, where the system allows it. */
function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    return;
  }
}

function readMemory(): Memory {
  const { used_heap_size: heapUsed } = getHeapStatistics();
  return { residentPeak: readStatus('VmHWM'), anonymous: readStatus('RssAnon'), heapUsed };
}

function readStatus(name: string): number | undefined {
  try {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return kib === undefined ? undefined : 1_024 * Number(kib);
  } catch {
    return undefined;
  }
}
