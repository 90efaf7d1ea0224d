import { createEvm, type Evm } from '@sheaf/evm';
import { BenchFault, type Suite } from '../suite.ts';
import { formatNumber, formatTable } from '../table.ts';
import type { World } from './contender.ts';
import { largeWorld, tokenWorld, transfer } from './large-contract.ts';
import { openHost, runOnce } from './sheaf.ts';

interface Kind {
  make(variant: number): World;
  count: number;
}

/** No more than the engine keeps: what it has let go would be counted as small. */
const kinds: Readonly<Record<string, Kind>> = {
  'token-contracts': { make: tokenWorld, count: 200 },
  'large-contracts': { make: largeWorld, count: 50 },
};

/** What the engine keeps in memory, in a process that does nothing else. */
export const evmMemorySuite: Suite = {
  name: 'evm-memory',
  summary: `memory of the engine and of idle compiled contracts (2 KiB and 24 KiB of code each)`,
  rows: Object.keys(kinds),
  run({ rows, progress }) {
    if (typeof gc !== 'function') throw new BenchFault('evm-memory needs node --expose-gc, as npm run bench starts it');
    const before = resident();
    const evm = openEngine();
    const warm = resident();
    const engines: Evm[] = [];
    const results = rows.map((row) => {
      const kind = kinds[row]!;
      progress(`${row}: compiling ${kind.count}`);
      engines.push(openEngine());
      return { row, ...measure(engines.at(-1)!, kind) };
    });
    const table = formatTable(
      ['memory', 'compiled', 'KiB each (RSS)', 'KiB each (WebAssembly)'],
      results.map(({ row, compiled, rssBytes, wasmBytes }) => [
        row,
        String(compiled),
        formatNumber(rssBytes / compiled / 1024),
        formatNumber(wasmBytes / compiled / 1024),
      ]),
    );
    const engine = `engine after one call: ${mib(warm - before)} MiB of ${mib(warm)} MiB RSS, ${mib(evm.stats().memoryBytes)} MiB of linear memory`;
    return Promise.resolve({
      text: `${table}\n${engine}`,
      data: { engineBytes: warm - before, rssBytes: warm, results },
    });
  },
};

function openEngine(): Evm {
  const evm = createEvm({ fork: 'prague', chainId: 1n, mode: 'compiler' });
  runOnce(evm, openHost(tokenWorld(0)), transfer);
  return evm;
}

function measure(evm: Evm, { make, count }: Kind) {
  const [rssBefore, before] = [resident(), evm.stats()];
  for (let i = 1; i <= count; i += 1) runOnce(evm, openHost(make(i)), transfer);
  const [rssAfter, after] = [resident(), evm.stats()];
  const compiled = after.compiledContracts - before.compiledContracts;
  if (compiled <= 0) throw new BenchFault('the compiler refused the contracts');
  return { compiled, rssBytes: rssAfter - rssBefore, wasmBytes: after.compiledBytes - before.compiledBytes };
}

/** Bytes of this process in memory, without garbage. */
function resident(): number {
  for (let i = 0; i < 3; i += 1) gc!();
  return process.memoryUsage.rss();
}

function mib(bytes: number): string {
  return formatNumber(bytes / 2 ** 20);
}
