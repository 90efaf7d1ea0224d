import { ownClock } from '../clock.ts';
import type { Suite } from '../suite.ts';
import { formatNumber, formatSpread, formatTable } from '../table.ts';
import { openAnvil } from './anvil.ts';
import type { Contender } from './contender.ts';
import { openEthereumjs } from './ethereumjs.ts';
import { describeFirstCalls, measureFirstCalls, type FirstCalls } from './first-call.ts';
import { measureRow, type RowResult } from './loops.ts';
import { measureMemory } from './memory-row.ts';
import { versionOf } from './peer-packages.ts';
import { rows } from './rows.ts';
import { openSheaf } from './sheaf.ts';

const firstCallRow = 'first-call';
const memoryRow = 'memory';
/** With 9 runs. */
const firstCallsMin = 50;

/** The engine beside @ethereumjs/evm and Anvil. */
export const evmSuite: Suite = {
  name: 'evm',
  summary: 'the engine, interpreted and compiled, beside @ethereumjs/evm and Anvil (revm)',
  rows: [...rows.map(({ name }) => name), firstCallRow, memoryRow],
  async run({ runs, rows: wanted, clock, progress }) {
    const anvil = await openAnvil(clock);
    if (!anvil) progress('there is no Anvil for this platform: its column stays empty');
    const contenders: Contender[] = [
      openSheaf('interpreter', ownClock(clock)),
      openSheaf('compiler', ownClock(clock)),
      openEthereumjs(ownClock(clock)),
    ];
    if (anvil) contenders.push(anvil);
    try {
      const results: RowResult[] = [];
      for (const row of rows.filter(({ name }) => wanted.includes(name)))
        results.push(await measureRow(row, contenders, runs, progress));
      const texts = results.length > 0 ? [describe(results, anvil !== undefined)] : [];
      let firstCalls: FirstCalls[] | undefined;
      if (wanted.includes(firstCallRow)) {
        const peers = contenders.filter(({ name }) => !name.startsWith('sheaf'));
        firstCalls = await measureFirstCalls(firstCallsMin * Math.ceil(runs / 9), ownClock(clock), peers, progress);
        texts.push(describeFirstCalls(firstCalls));
      }
      let memory: object | undefined;
      if (wanted.includes(memoryRow)) {
        progress('memory of the engine, in a process of its own');
        const measured = await measureMemory();
        texts.push(measured.text);
        memory = measured.data;
      }
      texts.push(describeVersions());
      return { text: texts.join('\n\n'), data: { versions: versions(), results, firstCalls, memory } };
    } finally {
      for (const contender of contenders) await contender.close();
    }
  },
};

function describe(results: readonly RowResult[], withAnvil: boolean): string {
  const [interpreter, compiler, ethereumjs, anvil] = ['sheaf interpreter', 'sheaf compiler', 'ethereumjs', 'anvil'];
  const ns = (result: RowResult, name: string) => result.cells[name]?.ns;
  const times = (result: RowResult, fast: string, slow: string): string => {
    const [a, b] = [ns(result, fast), ns(result, slow)];
    return a && b ? `${formatNumber(b.median / a.median)}x` : '';
  };
  const names = [interpreter, compiler, ethereumjs, anvil];
  const table = formatTable(
    ['ns per round', 'gas', ...names, 'compiler/anvil', 'compiler/ethereumjs', 'interpreter/ethereumjs'],
    results.map((result) => [
      result.row,
      formatNumber(result.gas),
      ...names.map((name) =>
        ns(result, name) ? formatSpread(ns(result, name)!) : name === anvil && !withAnvil ? 'no Anvil here' : '',
      ),
      times(result, compiler, anvil),
      times(result, compiler, ethereumjs),
      times(result, interpreter, ethereumjs),
    ]),
  );
  const speed = formatTable(
    ['Mgas/s', ...names],
    results.map((result) => [
      result.row,
      ...names.map((name) => formatNumber(result.cells[name]?.mgasPerSecond ?? NaN)),
    ]),
  );
  return `${table}\n\n${speed}`;
}

function describeVersions(): string {
  const named = Object.entries(versions()).map(([name, version]) => `${name} ${version}`);
  return `${named.join(', ')}; contracts: optimizer on (10,000 runs), EVM version Cancun; rules: Prague`;
}

function versions(): Record<string, string> {
  const names = ['@ethereumjs/evm', '@foundry-rs/anvil', 'solc', '@openzeppelin/contracts'];
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]));
}
