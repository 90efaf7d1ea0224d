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
  { transfers, blocksReplayed }: Sizes,
  runs: number,
  program: string,
  progress: (sentence: string) => void,
): Promise<Figure[]> {
  progress('open: a fresh process each time');
  const clean = await openRepeatedly(store, runs, program);
  progress(`open: ${blocksReplayed} blocks that are in the journal alone`);
  await leaveBlocksPending(store, transfers, blocksReplayed);
  const replayed = await openRepeatedly(store, runs, program);
  const accounts = `${store.accounts.toLocaleString('en-US')} accounts`;
  return [
    ...figuresOf(accounts, clean),
    ...figuresOf(`with ${blocksReplayed} blocks of ${transfers.toLocaleString('en-US')} transfers to replay`, replayed),
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

function leaveBlocksPending({ dataDir, accounts }: LoadedStore, transfers: number, blocks: number): Promise<void> {
  return withState(dataDir, async (state) => {
    const random = seededRandom(0x09e4, accounts);
    for (let block = 0; block < blocks; block++) {
      runBlock(state, transferBlock(state, accounts, transfers, random));
      await setImmediate();
    }
  });
}
