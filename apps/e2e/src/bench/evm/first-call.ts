import { createEvm, type EngineMode } from '@sheaf/evm';
import type { Clock } from '../clock.ts';
import { summarize, type Summary } from '../statistics.ts';
import { BenchFault } from '../suite.ts';
import { formatNumber, formatTable } from '../table.ts';
import { callGas, type Contender } from './contender.ts';
import { largeWorld, transfer } from './large-contract.ts';
import { openHost, runOnce } from './sheaf.ts';
import { watchWebAssembly } from './watch-webassembly.ts';

/** What the first and the second call of a contract take that the engine has never seen. */
export interface FirstCalls {
  engine: string;
  firstNs: number[];
  secondNs: number[];
  /** Only where the first call compiles. */
  compiling?: { translateNs: number[]; moduleNs: number[]; instantiateNs: number[] };
}

/** Calls before the first that counts: engine and JavaScript are warm, the contract alone is new. */
const warmUpCalls = 30;

/**
 * The first call, begin to finish, of `runs` contracts of 24 KiB that differ in a few bytes: `both` is the engine as services use it, which interprets
 * first; `compiler` compiles before it runs, which shows what compiling takes.
 */
export async function measureFirstCalls(
  runs: number,
  clock: Clock,
  peers: readonly Contender[],
  progress: (sentence: string) => void,
): Promise<FirstCalls[]> {
  const results: FirstCalls[] = [];
  for (const mode of ['both', 'compiler'] as const) {
    progress(`first call of a 24 KiB contract: sheaf ${mode}`);
    results.push(measureSheaf(mode, runs, clock));
  }
  for (const peer of peers) {
    progress(`first call of a 24 KiB contract: ${peer.name}`);
    results.push(await measurePeer(peer, runs, results[0]!));
  }
  return results;
}

let variants = 0;

function measureSheaf(mode: EngineMode, runs: number, clock: Clock): FirstCalls {
  const evm = createEvm({ fork: 'prague', chainId: 1n, mode });
  const watch = watchWebAssembly(clock);
  const compiling = { translateNs: [] as number[], moduleNs: [] as number[], instantiateNs: [] as number[] };
  const result: FirstCalls = { engine: `sheaf ${mode}`, firstNs: [], secondNs: [] };
  try {
    for (let i = -warmUpCalls; i < runs; i += 1) {
      const host = openHost(largeWorld((variants += 1)));
      const spentBefore = watch.spent();
      const [first, second] = [
        time(clock, () => runOnce(evm, host, transfer)),
        time(clock, () => runOnce(evm, host, transfer)),
      ];
      if (i < 0) continue;
      result.firstNs.push(first);
      result.secondNs.push(second);
      if (mode !== 'compiler') continue;
      const [moduleNs, instantiateNs] = [
        watch.spent().moduleNs - spentBefore.moduleNs,
        watch.spent().instantiateNs - spentBefore.instantiateNs,
      ];
      compiling.moduleNs.push(moduleNs);
      compiling.instantiateNs.push(instantiateNs);
      compiling.translateNs.push(first - second - moduleNs - instantiateNs);
    }
  } finally {
    watch.stop();
  }
  if (mode !== 'compiler') return result;
  if (evm.stats().compiledContracts === 0) throw new BenchFault('the compiler refused a contract of 24 KiB');
  return { ...result, compiling };
}

async function measurePeer(peer: Contender, runs: number, ours: FirstCalls): Promise<FirstCalls> {
  const result: FirstCalls = { engine: peer.name, firstNs: [], secondNs: [] };
  for (let i = -warmUpCalls; i < runs; i += 1) {
    const session = await peer.open(largeWorld((variants += 1)));
    const first = await session.time(transfer, 1);
    const second = await session.time(transfer, 1);
    if (BigInt(first.output) !== 1n) throw new BenchFault(`${peer.name} and ${ours.engine} differ in a transfer`);
    if (i < 0) continue;
    result.firstNs.push(first.elapsedNs);
    result.secondNs.push(second.elapsedNs);
  }
  return result;
}

/** Of a transfer that must give `true`. */
function time(clock: Clock, call: () => ReturnType<typeof runOnce>): number {
  const startedNs = clock();
  const { output, gasLeft } = call();
  const elapsedNs = clock() - startedNs;
  if (output[31] !== 1 || gasLeft >= callGas) throw new BenchFault('our engine did not make a transfer');
  return elapsedNs;
}

export function describeFirstCalls(results: readonly FirstCalls[]): string {
  const ms = (ns: number): string => formatNumber(ns / 1e6);
  const cells = (summary: Summary): string[] => [ms(summary.median), ms(summary.max)];
  const table = formatTable(
    ['first call, 24 KiB, ms', 'median', 'max', 'second call', 'max'],
    results.map(({ engine, firstNs, secondNs }) => [
      engine,
      ...cells(summarize(firstNs)),
      ...cells(summarize(secondNs)),
    ]),
  );
  const compiling = results.find((result) => result.compiling)?.compiling;
  if (!compiling) return table;
  const part = (name: string, samples: number[]) => `${name} ${ms(summarize(samples).median)}`;
  const { translateNs, moduleNs, instantiateNs } = compiling;
  return [
    table,
    `compiling 24 KiB, ms: ${[part('translate', translateNs), part('module', moduleNs), part('instantiate', instantiateNs)].join(', ')}`,
  ].join('\n');
}
