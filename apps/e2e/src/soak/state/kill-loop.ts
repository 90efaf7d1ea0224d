import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { seededRandom, type Random } from '../../random.ts';
import { SoakFault } from '../suite.ts';
import { checkStore } from './check.ts';
import { soakLimits } from './limits.ts';
import { Model } from './model.ts';

export interface KillLoopOptions {
  /** Of the store: empty or as this seed's children have left it. */
  dataDir: string;
  seed: number;
  program: string;
  /** Asked before each kill. */
  goesOn(report: KillReport): boolean;
  progress(report: KillReport): void;
}

export interface KillReport {
  kills: number;
  head: bigint;
  /** Kills after which the head was one above what had been reported. */
  aheadOfReport: number;
  /** Kills after which the tables were between two heights. */
  whileCarrying: number;
}

/** Milliseconds from the first commit to the kill; one in some is killed that long after it was started, so while it opens. */
const delayMs = { min: 5, max: 200, fromStartOneIn: 8 };
/** A child that commits nothing for so long hangs. */
const silenceMsMax = 30_000;
/** Above the heights that are kept: maintenance may be behind. */
const statesKept = 4 * soakLimits.heightsKept;

/**
 * Children commit, one after the other, each is killed with SIGKILL at some moment, and then the store is checked. This
 * shows what a crash of the process does, not of the machine.
 * @throws SoakFault naming the seed and the kill
 */
export async function runKillLoop({ dataDir, seed, program, goesOn, progress }: KillLoopOptions): Promise<KillReport> {
  const model = new Model(seed, statesKept);
  const random = seededRandom(seed, 0, 2);
  const report: KillReport = { kills: 0, head: 0n, aheadOfReport: 0, whileCarrying: 0 };
  while (goesOn(report)) {
    const child = { program, args: ['child', 'state', dataDir, String(seed)] };
    try {
      const reported = (await runAndKill(child, random)) ?? report.head;
      const { head, carrying } = await checkStore({ dataDir, seed, model, reported, random });
      report.kills += 1;
      report.head = head;
      if (head > reported) report.aheadOfReport += 1;
      if (carrying) report.whileCarrying += 1;
    } catch (error) {
      if (!(error instanceof SoakFault)) throw error;
      throw new SoakFault(`kill ${report.kills + 1} of seed ${seed}: ${error.message}`, { cause: error });
    }
    progress(report);
  }
  return report;
}

/** The last height that it reported. @throws SoakFault when it ends before it is killed */
async function runAndKill(
  { program, args }: { program: string; args: readonly string[] },
  random: Random,
): Promise<bigint | undefined> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const killWithMe = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithMe);
  const delay = delayMs.min + random.below(delayMs.max - delayMs.min);
  const fromStart = random.oneIn(delayMs.fromStartOneIn);
  let timer = setTimeout(killWithMe, fromStart ? delay : silenceMsMax);
  let output = '';
  let errors = '';
  child.stdout.on('data', (part: Buffer) => {
    if (output === '' && !fromStart) {
      clearTimeout(timer);
      timer = setTimeout(killWithMe, delay);
    }
    output += part.toString('latin1');
  });
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  // After the last byte of its output was read.
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  process.off('exit', killWithMe);
  if (signal !== 'SIGKILL') throw new SoakFault(`the child ended by itself (${signal ?? code}): ${errors.trim()}`);
  const complete = output.slice(0, output.lastIndexOf('\n') + 1).trimEnd();
  if (complete === '' && !fromStart) throw new SoakFault(`the child committed nothing in ${silenceMsMax} ms`);
  return complete === '' ? undefined : BigInt(complete.slice(complete.lastIndexOf('\n') + 1));
}
