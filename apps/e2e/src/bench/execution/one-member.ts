// One member as the product runs it, beside @ethereumjs/vm in the same run.
import { setTimeout } from 'node:timers/promises';
import { ownClock, type Clock } from '../clock.ts';
import { versionOf } from '../evm/peer-packages.ts';
import { formatNumber, formatTable } from '../table.ts';
import type { BenchCase } from './bench-case.ts';
import { MemberThread } from './member-threads.ts';
import { withBar, type PartContext, type PartReport } from './part.ts';
import { PeerChain } from './peer.ts';
import { gasOf, sumOfMedians, transactionsOf, type WorkloadName } from './workloads.ts';

const ratioMin = 20;
/** For what the engine does after an answer: compiling codes that have become hot. */
const pauseMs = 20;
/** Of mainnet's blocks the peer executes each so many-th once before it counts. */
const peerWarmUpEvery = 3;

interface Row {
  workload: WorkloadName;
  transactions: number;
  gas: bigint;
  /** Of each case, ms. */
  ours: number[][];
  /** Of codes never seen before; mainnet alone. */
  first: number | undefined;
  peers: number[][];
}

export async function measureOneMember(context: PartContext): Promise<PartReport> {
  const { names, workloads, bars, progress } = context;
  const rows: Row[] = [];
  for (const workload of names) {
    const cases = await workloads.cases(workload);
    const { ours, first } = await measureOurs(context, workload, cases);
    progress(`n1: ${workload}: ${formatNumber(sumOfMedians(ours, identity))} ms; now @ethereumjs/vm`);
    const peers = await measurePeer(context, workload, cases);
    progress(`n1: ${workload}: ${formatNumber(sumOfMedians(peers, identity))} ms by @ethereumjs/vm`);
    rows.push({ workload, transactions: transactionsOf(cases), gas: gasOf(cases), ours, first, peers });
  }
  const text = [
    formatTable(
      [
        'one member',
        'transactions',
        'Mgas',
        'ours, ms',
        'us a transaction',
        'Mgas/s',
        'vm, ms',
        'us a transaction',
        'ratio',
      ],
      rows.map(({ workload, transactions, gas, ours, peers }) => {
        const [own, peer] = [sumOfMedians(ours, identity), sumOfMedians(peers, identity)];
        const ratio = peer / own;
        return [
          workload,
          formatNumber(transactions),
          formatNumber(Number(gas) / 1e6),
          formatNumber(own),
          formatNumber((1_000 * own) / transactions),
          formatNumber(Number(gas) / 1e3 / own),
          formatNumber(peer),
          formatNumber((1_000 * peer) / transactions),
          hasBar(workload) ? withBar(formatNumber(ratio), ratio >= ratioMin, bars) : formatNumber(ratio),
        ];
      }),
    ),
    ...rows.flatMap(({ first }) =>
      first === undefined ? [] : [`mainnet's codes seen for the first time: ours ${formatNumber(first)} ms`],
    ),
    `@ethereumjs/vm ${versionOf('@ethereumjs/vm')}: runBlock in memory with its caches, keccak in WebAssembly and libsecp256k1, senders given; ours with the durable commit. Both made the same headers. Bar: ${ratioMin} on erc20 and mainnet`,
  ].join('\n');
  return { text, data: { ratioMin, rows: rows.map((row) => ({ ...row, gas: String(row.gas) })) } };
}

function hasBar(workload: WorkloadName): boolean {
  return workload === 'mainnet' || workload.startsWith('erc20');
}

async function measureOurs(context: PartContext, workload: WorkloadName, cases: readonly BenchCase[]) {
  const { workloads, folder, program, progress } = context;
  const samples = cases.map((): number[] => []);
  const { warmUp, measured } = workloads.passes(workload);
  let first = 0;
  // New for each workload, and not the thread of the peer: neither one's heap and codes are another one's to carry.
  const thread = MemberThread.alone(program);
  try {
    for (let pass = -warmUp; pass < measured; pass++) {
      progress(`n1: ${workload}, pass ${pass + warmUp + 1} of ${warmUp + measured}`);
      for (const [index, each] of cases.entries()) {
        const took = await runCase(context, thread, each);
        folder.clear();
        if (pass >= 0) samples[index]!.push(...took);
        else first += took[0]!;
      }
    }
  } finally {
    await thread.end();
  }
  return { ours: samples, first: workload === 'mainnet' ? first : undefined };
}

async function runCase({ folder, clock }: PartContext, thread: MemberThread, each: BenchCase): Promise<number[]> {
  const samples: number[] = [];
  await thread.open(each, folder.next());
  for (let block = 0; block < each.blocks.length; block++) {
    const { beganMs, endedMs, cpuMs } = (await thread.obey({ kind: 'execute', block }))!;
    if (block >= each.warmUp) samples.push(clock === 'cpu' ? cpuMs! : endedMs - beganMs);
    await setTimeout(pauseMs);
  }
  await thread.obey({ kind: 'close' });
  return samples;
}

async function measurePeer(
  { sizes, clock: kind, progress }: PartContext,
  workload: WorkloadName,
  cases: readonly BenchCase[],
): Promise<number[][]> {
  const clock = ownClock(kind);
  if (workload === 'mainnet') {
    for (const each of cases.filter((_, index) => index % peerWarmUpEvery === 0)) await runPeer(each, 1, clock);
  }
  const samples: number[][] = [];
  for (const [index, each] of cases.entries()) {
    if (cases.length > 1 && index % 8 === 0) progress(`n1: ${workload}, @ethereumjs/vm: block ${index + 1}`);
    samples.push(await runPeer(each, sizes.peerBlocksMax, clock));
  }
  return samples;
}

async function runPeer(each: BenchCase, blocksMax: number, clock: Clock): Promise<number[]> {
  const peer = await PeerChain.open(each);
  const samples: number[] = [];
  for (const [index, block] of each.blocks.slice(0, each.warmUp + blocksMax).entries()) {
    const tookMs = await peer.execute(block, clock);
    if (index >= each.warmUp) samples.push(tookMs);
  }
  return samples;
}

function identity(sample: number): number {
  return sample;
}
