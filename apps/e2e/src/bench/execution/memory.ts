// What a member takes: each a process of its own, alone or in a lane.
import { fork, type ChildProcess } from 'node:child_process';
import { formatNumber, formatTable } from '../table.ts';
import { BenchFault } from '../suite.ts';
import type { BenchCase, CaseBlock } from './bench-case.ts';
import {
  memberProcessName,
  type Memory,
  type ProcessAnswer,
  type ProcessOpening,
  type ProcessOrder,
} from './member-process.ts';
import type { PartContext, PartReport } from './part.ts';
import type { WorkloadName } from './workloads.ts';

interface Row {
  workload: WorkloadName;
  /** 0: alone, without a lane. */
  members: number;
  /** Of each member its most after any block. */
  peaks: Memory[];
}

export async function measureMemory(context: PartContext): Promise<PartReport> {
  const { names, sizes, workloads, progress } = context;
  const rows: Row[] = [];
  for (const workload of names) {
    // Mainnet's blocks are each on a state of their own: a process has one of them only.
    if (workload === 'mainnet') continue;
    const [each] = await workloads.cases(workload);
    for (const members of [0, ...sizes.processes]) {
      progress(`memory: ${workload}, ${members === 0 ? 'alone' : `${members} members`}`);
      rows.push({ workload, members, peaks: await weigh(context, each!, members) });
    }
  }
  const text = [
    formatTable(
      ['memory, MiB', 'members', 'coordinator: resident', 'anonymous', 'heap', 'largest other: resident', 'anonymous'],
      rows.map(({ workload, members, peaks: [first, ...others] }) => [
        workload,
        members === 0 ? 'alone' : String(members),
        ...[first!.residentPeak, first!.anonymous, first!.heapUsed].map(mib),
        ...(others.length === 0 ? ['', ''] : [mib(largest(others, 'residentPeak')), mib(largest(others, 'anonymous'))]),
      ]),
    ),
    'each member a process: the most that was resident while blocks ran (VmHWM, with the pages of the store’s file, which the system can take back, and Node’s own 50 MiB); after each block the pages of no file, and the heap in use. The young generation alone may be 96 MiB.',
  ].join('\n');
  return { text, data: { rows } };
}

function mib(bytes: number | undefined): string {
  return bytes === undefined ? '–' : formatNumber(bytes / 2 ** 20);
}

function largest(all: readonly Memory[], field: keyof Memory): number | undefined {
  return all.reduce<number | undefined>((most, each) => maxOf(most, each[field]), undefined);
}

function maxOf(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

async function weigh({ program, folder }: PartContext, each: BenchCase, members: number): Promise<Memory[]> {
  const count = Math.max(1, members);
  const processes: MemberProcess[] = [];
  for (let member = 0; member < count; member++) {
    processes.push(
      new MemberProcess(program, (to, message) => processes[to]!.tell({ kind: 'message', from: member, message })),
    );
  }
  try {
    const { spec, start } = each;
    for (const [member, process] of processes.entries()) {
      await process.open({ member, members, dataDir: folder.next(), spec, start });
    }
    const peaks: Memory[] = [];
    for (const block of each.blocks) {
      const memories = await Promise.all(processes.map((process) => process.execute(block)));
      memories.forEach((memory, member) => (peaks[member] = mostOf(peaks[member] ?? memory, memory)));
    }
    return peaks;
  } finally {
    for (const process of processes) await process.close();
    folder.clear();
  }
}

function mostOf(a: Memory, b: Memory): Memory {
  return {
    residentPeak: maxOf(a.residentPeak, b.residentPeak),
    anonymous: maxOf(a.anonymous, b.anonymous),
    heapUsed: Math.max(a.heapUsed, b.heapUsed),
  };
}

class MemberProcess {
  readonly #child: ChildProcess;
  #waiting: { resolve(answer: ProcessAnswer): void; reject(error: Error): void } | undefined;
  readonly #exited: Promise<void>;

  constructor(program: string, send: (to: number, message: Uint8Array) => void) {
    this.#child = fork(program, [memberProcessName], { serialization: 'advanced', execArgv: process.execArgv });
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.on('message', (answer: ProcessAnswer) => {
      if (answer.kind === 'send') send(answer.to, answer.message);
      else if (answer.kind === 'fault') this.#waiting?.reject(new BenchFault(answer.message));
      else this.#waiting?.resolve(answer);
    });
    this.#child.on('exit', (code) =>
      this.#waiting?.reject(new BenchFault(`a member's process ended with code ${code}`)),
    );
  }

  tell(order: ProcessOrder): void {
    this.#child.send(order);
  }

  async open(opening: ProcessOpening): Promise<void> {
    await this.#ask({ kind: 'open', ...opening });
  }

  async execute({ input, hash }: CaseBlock): Promise<Memory> {
    const answer = await this.#ask({ kind: 'execute', block: { input, hash } });
    if (answer.kind !== 'executed') throw new BenchFault(`a member answered ${answer.kind}`);
    return answer.memory;
  }

  /** Afterwards it has ended. */
  async close(): Promise<void> {
    this.#waiting = undefined;
    if (this.#child.connected) this.tell({ kind: 'close' });
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#exited;
    clearTimeout(timer);
  }

  #ask(order: ProcessOrder): Promise<ProcessAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.tell(order);
    });
  }
}
