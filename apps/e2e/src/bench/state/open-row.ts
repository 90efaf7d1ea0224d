import { stateLimits } from '@sheaf/state';
import { execFile } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { seededRandom } from '../../random.ts';
import { BenchFault } from '../suite.ts';
import { runBlock } from './block-rows.ts';
import type { Figure } from './figure.ts';
import { openChildName, type Opening } from './open-child.ts';
import type { Sizes } from './scale.ts';
import type { LoadedStore } from './stores.ts';
import { transferBlock } from './transfer-block.ts';
import { withState } from './with-state.ts';

const secondsMax = 2;
const heapMibMax = 1_024;

const run = promisify(execFile);

/** Opening in fresh processes: when everything was carried over, and when the last blocks are in the journal alone. */
export async function measureOpening(
  store: LoadedStore,
  { transfers, blocksReplayedMax }: Sizes,
  runs: number,
  program: string,
  progress: (sentence: string) => void,
): Promise<Figure[]> {
  progress('open: a fresh process each time');
  const clean = await openRepeatedly(store, runs, program);
  progress('open: blocks that are in the journal alone');
  const blocks = await leaveBlocksPending(store, transfers, blocksReplayedMax);
  const replayed = await openRepeatedly(store, runs, program);
  const accounts = `${store.accounts.toLocaleString('en-US')} accounts`;
  return [
    ...figuresOf(accounts, clean),
    ...figuresOf(`with ${blocks} blocks of ${transfers.toLocaleString('en-US')} transfers to replay`, replayed),
  ];
}

function figuresOf(what: string, openings: readonly Opening[]): Figure[] {
  const mib = (bytes: number): number => bytes / 2 ** 20;
  const figures: Figure[] = [
    { row: 'open', what: `${what}, s`, samples: openings.map(({ ms }) => ms / 1_000), bar: { below: secondsMax } },
    {
      row: 'open',
      what: 'its heap, MiB',
      samples: openings.map(({ heapUsedBytes }) => mib(heapUsedBytes)),
      bar: { below: heapMibMax },
    },
  ];
  const anonymous = openings.flatMap(({ anonymousBytes }) => anonymousBytes ?? []);
  if (anonymous.length > 0) {
    const what = 'its resident memory without the map, MiB';
    figures.push({ row: 'open', what, samples: anonymous.map(mib), bar: { below: heapMibMax } });
  }
  return figures;
}

async function openRepeatedly({ dataDir }: LoadedStore, runs: number, program: string): Promise<Opening[]> {
  const openings: Opening[] = [];
  for (let i = 0; i < runs; i++) {
    try {
      const { stdout } = await run(process.execPath, ['--expose-gc', program, openChildName, dataDir]);
      openings.push(JSON.parse(stdout) as Opening);
    } catch (error) {
      const said = (error as { stderr?: string }).stderr?.trim() || (error as Error).message;
      throw new BenchFault(`a store of ${dataDir} could not be opened in a process of its own: ${said}`);
    }
  }
  return openings;
}

/** As many blocks as wait before they are carried over, but no more than `blocksMax`. */
function leaveBlocksPending({ dataDir, accounts }: LoadedStore, transfers: number, blocksMax: number): Promise<number> {
  const { pendingBytesMin, pendingHeightsMin } = stateLimits;
  return withState(dataDir, async (state) => {
    const random = seededRandom(0x09e4, accounts);
    for (;;) {
      const { pendingBytes, pendingHeights } = state.stats();
      if (pendingBytes >= pendingBytesMin || pendingHeights >= Math.min(pendingHeightsMin, blocksMax)) {
        return pendingHeights;
      }
      runBlock(state, transferBlock(state, accounts, transfers, random));
      await setImmediate();
    }
  });
}
