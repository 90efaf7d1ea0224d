import { setImmediate } from 'node:timers/promises';
import { seededRandom } from '../../random.ts';
import type { ClockKind } from '../clock.ts';
import { summarize, type Summary } from '../statistics.ts';
import { drawLinePlot } from '../svg.ts';
import { formatSpread, formatTable } from '../table.ts';
import { runBlock } from './block-rows.ts';
import { byClock, type Elapsed } from './stopwatch.ts';
import type { LoadedStore } from './stores.ts';
import { transferBlock } from './transfer-block.ts';
import { settle, withState } from './with-state.ts';

export interface Growth {
  accounts: number;
  updates: number;
  prepare: Summary;
  commit: Summary;
  /** Of the two together. */
  total: Summary;
}

/** What a block of as many updates costs on a store of this size. */
export async function measureGrowth(
  { dataDir, accounts }: LoadedStore,
  transfers: number,
  warmUpBlocks: number,
  runs: number,
  clock: ClockKind,
): Promise<Growth> {
  const prepared: Elapsed[] = [];
  const committed: Elapsed[] = [];
  await withState(dataDir, async (state) => {
    const random = seededRandom(0x94074, accounts);
    for (let block = -warmUpBlocks; block < runs; block++) {
      const changes = transferBlock(state, accounts, transfers, random);
      await setImmediate();
      const elapsed = runBlock(state, changes);
      await settle(state);
      if (block < 0) continue;
      prepared.push(elapsed.prepared);
      committed.push(elapsed.committed);
    }
    await settle(state, { idle: true });
  });
  const [prepare, commit] = [byClock(prepared, clock), byClock(committed, clock)];
  return {
    accounts,
    updates: 2 * transfers,
    prepare: summarize(prepare),
    commit: summarize(commit),
    total: summarize(prepare.map((ms, i) => ms + commit[i]!)),
  };
}

export function describeGrowth(growth: readonly Growth[]): string {
  const updates = growth[0]!.updates.toLocaleString('en-US');
  return formatTable(
    [`growth: ${updates} updates`, 'prepare, ms', 'commit, ms', 'both, ms'],
    growth.map(({ accounts, prepare, commit, total }) => [
      `${accounts.toLocaleString('en-US')} accounts`,
      formatSpread(prepare),
      formatSpread(commit),
      formatSpread(total),
    ]),
  );
}

/** An SVG file. */
export function plotGrowth(growth: readonly Growth[]): string {
  const line = (name: string, pick: (one: Growth) => Summary) => ({
    name,
    points: growth.map((one) => ({ x: one.accounts, y: pick(one).median })),
  });
  return drawLinePlot({
    title: `A block of ${growth[0]!.updates.toLocaleString('en-US')} account updates, by the size of the state`,
    x: 'accounts in the state',
    y: 'ms',
    series: [
      line('hashes and root', ({ prepare }) => prepare),
      line('durable commit', ({ commit }) => commit),
      line('both', ({ total }) => total),
    ],
  });
}
