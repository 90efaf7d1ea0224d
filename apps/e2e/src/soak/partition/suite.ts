import { SoakFault, type SoakSuite } from '../suite.ts';
import { runSeed } from './run-seed.ts';
import { addReport, describe, emptyTotals } from './totals.ts';

/** Members of a lane in one process whose messages and lives a seed decides. */
export const partitionSoak: SoakSuite = {
  name: 'partition',
  summary:
    'random blocks on 1 to 16 members, messages late and twice, members lost: the blocks are the sequential ones',
  async run({ kills, minutes, seed, progress }) {
    const endMs = performance.now() + minutes * 60_000;
    const totals = emptyTotals();
    // Each seed is a lane of its own; the first is the one that was asked for, so that it repeats what failed.
    for (let next = seed; totals.crashes < kills && performance.now() < endMs; next = (next + 1) % 2 ** 32) {
      try {
        addReport(totals, await runSeed(next));
      } catch (error) {
        const text = error instanceof SoakFault ? error.message : String((error as Error).stack);
        throw new SoakFault(`seed ${next}: ${text}\nnpm run soak -- partition --seed ${next} does it again`);
      }
      progress(describe(totals));
    }
    return { kills: totals.crashes, text: describe(totals) };
  },
  runChild() {
    throw new SoakFault('the suite has no processes');
  },
};
