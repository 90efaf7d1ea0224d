import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SoakFault, type SoakSuite } from '../suite.ts';
import { runChild } from './child.ts';
import { runKillLoop, type KillReport } from './kill-loop.ts';

/** kill -9 of a process that commits to a partition's store. */
export const stateSoak: SoakSuite = {
  name: 'state',
  summary:
    'kill -9 at random points of commits and maintenance: what is opened afterwards is a committed height, whole',
  async run({ kills, minutes, seed, program, progress }) {
    const dataDir = mkdtempSync(join(tmpdir(), 'sheaf-soak-state-'));
    const onSignal = (): void => {
      rmSync(dataDir, { recursive: true, force: true });
      process.exit(130);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
    const endMs = performance.now() + minutes * 60_000;
    try {
      const report = await runKillLoop({
        dataDir,
        seed,
        program,
        goesOn: (so) => so.kills < kills && performance.now() < endMs,
        progress: (so) => progress(describe(so)),
      });
      rmSync(dataDir, { recursive: true, force: true });
      return { kills: report.kills, text: describe(report) };
    } catch (error) {
      if (error instanceof SoakFault) error.message += `; the store is kept in ${dataDir}`;
      throw error;
    }
  },
  runChild: ([dataDir, seed]) => runChild(dataDir!, Number(seed)),
};

function describe({ kills, head, aheadOfReport, whileCarrying }: KillReport): string {
  return `${kills} kills, head ${head}; ${aheadOfReport} between a commit and its report, ${whileCarrying} amid carrying over`;
}
