import { toHeight } from '@sheaf/primitives';
import type { BlockChanges, PartitionState, PreparedChanges } from '@sheaf/state';
import { setImmediate } from 'node:timers/promises';
import { seededRandom } from '../../random.ts';
import type { ClockKind } from '../clock.ts';
import { median } from '../statistics.ts';
import type { Figure } from './figure.ts';
import { byClock, timed, type Elapsed } from './stopwatch.ts';
import type { LoadedStore } from './stores.ts';
import { transferBlock } from './transfer-block.ts';
import { settle, withState } from './with-state.ts';

/** The rows that are measured together. */
export type BlockRow = 'root' | 'durable' | 'carry';

const rootMsMax = 60;
const durableMsMax = 100;
/** Blocks for each run asked for: what is carried over comes in waves of several blocks. */
const blocksPerRun = 4;

interface Options {
  rows: readonly BlockRow[];
  transfers: number;
  warmUpBlocks: number;
  runs: number;
  clock: ClockKind;
  progress(sentence: string): void;
}

/** What a block costs, its accounts being in the state's cache as after execution. */
export async function measureBlocks(store: LoadedStore, options: Options): Promise<Figure[]> {
  const { rows, transfers, warmUpBlocks, runs, clock, progress } = options;
  progress(`${rows.join(', ')}: ${warmUpBlocks} blocks to warm up`);
  const samples = await runBlocks(store, transfers, warmUpBlocks, blocksPerRun * runs, progress);
  const { prepared, committed, carried, steps, journalBytes, heldUp } = samples;
  const block = `${transfers.toLocaleString('en-US')} transfers, ${store.accounts.toLocaleString('en-US')} accounts`;
  const figures: Record<BlockRow, Figure[]> = {
    root: [
      {
        row: 'root',
        what: `state root of ${block}, ms`,
        samples: byClock(prepared, clock),
        bar: { below: rootMsMax },
      },
      ...(prepared[0]?.cpu === undefined
        ? []
        : [{ row: 'root', what: 'of it on the CPU, ms', samples: byClock(prepared, 'cpu') }]),
    ],
    durable: [
      {
        row: 'durable',
        what: 'commit of that block, ms',
        samples: byClock(committed, clock),
        bar: { below: durableMsMax },
      },
      { row: 'durable', what: 'journal, KiB', samples: [median(journalBytes) / 1024] },
      { row: 'durable', what: `of ${committed.length} commits held up by the carrying over`, samples: [heldUp] },
    ],
    carry: [
      {
        row: 'carry',
        what: `maintenance a block, mean over ${carried.length}, ms`,
        samples: [byClock(carried, clock).reduce((sum, ms) => sum + ms, 0) / carried.length],
      },
      { row: 'carry', what: `its longest step of ${steps.length}, ms`, samples: [Math.max(...byClock(steps, clock))] },
    ],
  };
  return rows.flatMap((row) => figures[row]);
}

async function runBlocks(
  { dataDir, accounts }: LoadedStore,
  transfers: number,
  warmUpBlocks: number,
  blocks: number,
  progress: (sentence: string) => void,
) {
  return withState(dataDir, async (state) => {
    const random = seededRandom(0xb10c, accounts, Number(state.head()));
    const samples = {
      prepared: [] as Elapsed[],
      committed: [] as Elapsed[],
      /** All steps after a block. */
      carried: [] as Elapsed[],
      steps: [] as Elapsed[],
      journalBytes: [] as number[],
      heldUp: 0,
    };
    for (let block = -warmUpBlocks; block < blocks; block++) {
      if (block === 0) {
        progress(`measuring ${blocks} blocks`);
        samples.heldUp -= state.stats().commitsHeldUp;
      }
      const changes = transferBlock(state, accounts, transfers, random);
      // Between blocks a service goes back to its event loop; so do signals.
      await setImmediate();
      const { prepared, committed } = runBlock(state, changes);
      const steps = drain(state);
      if (block < 0) continue;
      samples.prepared.push(prepared);
      samples.committed.push(committed);
      samples.carried.push(sumOf(steps));
      samples.steps.push(...steps);
      samples.journalBytes.push(state.stats().journalBytes);
    }
    samples.heldUp += state.stats().commitsHeldUp;
    await settle(state, { idle: true });
    return samples;
  });
}

/** The next height: its hashes and root, then its commit. */
export function runBlock(state: PartitionState, changes: BlockChanges) {
  let ready!: PreparedChanges;
  const prepared = timed(() => {
    ready = state.prepare(changes);
    state.stateRoot(ready.tops);
  });
  const height = toHeight((state.head() ?? 0n) + 1n);
  const committed = timed(() => state.commit(ready, { height }));
  return { prepared, committed };
}

/** Every step that there is to do, each by itself. */
function drain(state: PartitionState): Elapsed[] {
  const steps: Elapsed[] = [];
  for (let more = true; more;) steps.push(timed(() => (more = state.maintain())));
  return steps;
}

function sumOf(parts: readonly Elapsed[]): Elapsed {
  const sum = (pick: (part: Elapsed) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  return { wall: sum(({ wall }) => wall), cpu: parts[0]?.cpu === undefined ? undefined : sum(({ cpu }) => cpu ?? 0) };
}
