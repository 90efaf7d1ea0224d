import { writeFileSync } from 'node:fs';
import { versionOf } from '../evm/peer-packages.ts';
import { median } from '../statistics.ts';
import { BenchFault, type Suite, type SuiteOptions } from '../suite.ts';
import { formatNumber } from '../table.ts';
import { measureBlocks, type BlockRow } from './block-rows.ts';
import { measureCommit } from './commit-row.ts';
import { describeFigures, reportFigure, type Figure } from './figure.ts';
import { describeGrowth, measureGrowth, plotGrowth, type Growth } from './growth-row.ts';
import { measureOpening } from './open-row.ts';
import { measureReads } from './read-row.ts';
import { scales, type Sizes } from './scale.ts';
import { Stores, type LoadedStore } from './stores.ts';

const blockRows: readonly BlockRow[] = ['root', 'durable', 'carry'];

/** The trie beside @ethereumjs/mpt, and a partition's store on this disk. */
export const stateSuite: Suite = {
  name: 'state',
  summary: 'the trie beside @ethereumjs/mpt, and a partition on disk: roots, commits, reads, opening, size, growth',
  rows: ['commit', ...blockRows, 'read', 'open', 'disk', 'growth'],
  options: ['scale', 'plot'],
  async run(options) {
    const { rows, scale, plot } = options;
    if (typeof gc !== 'function') throw new BenchFault('state needs node --expose-gc, as npm run bench starts it');
    if (plot !== undefined && !rows.includes('growth')) throw new BenchFault('--plot needs the row growth');
    const sizes = scales[scale];
    const figures: Figure[] = [];
    /** Also said at once: what comes later may fail. */
    const add = (measured: readonly Figure[]): void => {
      figures.push(...measured);
      for (const { row, what, samples } of measured)
        options.progress(`${row}: ${what}: ${formatNumber(median(samples))}`);
    };
    if (rows.includes('commit')) {
      add(await measureCommit({ ...options, accounts: sizes.accounts, updates: 2 * sizes.transfers }));
    }
    const growth = await measureOnDisk(options, sizes, add);
    const reports = figures.map((figure) => reportFigure(scale === 'full' ? figure : withoutBar(figure)));
    if (plot !== undefined) writeFileSync(plot, plotGrowth(growth));
    const texts = [
      ...(reports.length > 0 ? [describeFigures(reports)] : []),
      ...(growth.length > 0 ? [describeGrowth(growth)] : []),
      `@ethereumjs/mpt ${versionOf('@ethereumjs/mpt')}, lmdb ${versionOf('lmdb')}`,
      ...(scale === 'full' ? [] : [`sizes of --scale ${scale}: the bars are for others`]),
    ];
    const versions = Object.fromEntries(['@ethereumjs/mpt', 'lmdb'].map((name) => [name, versionOf(name)]));
    return { text: texts.join('\n\n'), data: { scale, sizes, versions, figures: reports, growth } };
  },
};

function withoutBar({ row, what, samples }: Figure): Figure {
  return { row, what, samples };
}

async function measureOnDisk(
  { rows, runs, clock, scale, program, progress }: SuiteOptions,
  sizes: Sizes,
  add: (measured: readonly Figure[]) => void,
): Promise<Growth[]> {
  const growth: Growth[] = [];
  if (rows.every((row) => row === 'commit')) return growth;
  const stores = new Stores(progress);
  try {
    if (scale === 'full') stores.mustBeOnDisk();
    const blocks = blockRows.filter((row) => rows.includes(row));
    if (blocks.length > 0) {
      const store = await stores.accounts(sizes.accounts);
      add(await measureBlocks(store, { ...sizes, rows: blocks, runs, clock, progress }));
    }
    if (rows.includes('read')) {
      add(await measureReads(await stores.accounts(sizes.accounts), sizes, runs, clock, progress));
    }
    if (rows.includes('open')) {
      add(await measureOpening(await stores.accounts(sizes.accountsOpened), sizes, runs, program, progress));
    }
    if (rows.includes('disk')) add(await measureDisk(stores, sizes));
    for (const accounts of rows.includes('growth') ? sizes.growth : []) {
      const store = await stores.accounts(accounts);
      progress(`growth: ${accounts.toLocaleString('en-US')} accounts`);
      growth.push(await measureGrowth(store, sizes.transfers, sizes.growthWarmUpBlocks, runs, clock));
    }
    return growth;
  } finally {
    stores.close();
  }
}

/** Bytes of the file after loading, for each account and each slot in it: row, branches, checksums, pages not full. */
async function measureDisk(stores: Stores, { accounts, contracts, slotsPerContract }: Sizes): Promise<Figure[]> {
  const perAccount = ({ loadedBytes }: LoadedStore): number => loadedBytes / accounts;
  const slots = contracts * slotsPerContract;
  return [
    {
      row: 'disk',
      what: `bytes an account, of ${accounts.toLocaleString('en-US')}`,
      samples: [perAccount(await stores.accounts(accounts))],
    },
    {
      row: 'disk',
      what: `bytes a slot, of ${slots.toLocaleString('en-US')} in ${contracts} contracts`,
      samples: [(await stores.slots(contracts, slotsPerContract)) / slots],
    },
  ];
}
