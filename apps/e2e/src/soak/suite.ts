/** One endurance test that `npm run soak -- <name>` can run. */
export interface SoakSuite {
  name: string;
  /** Half a sentence for the list of suites. */
  summary: string;
  /** @throws SoakFault when what must hold does not */
  run(options: SoakOptions): Promise<SoakReport>;
  /** What a process of the suite does that its `run` started with `child <name> …`. */
  runChild(args: readonly string[]): void | Promise<void>;
}

export interface SoakOptions {
  /** Ends when this many processes were killed or this time has passed, whatever comes first. */
  kills: number;
  minutes: number;
  /** Decides everything but the moments. */
  seed: number;
  /** The bundle that children run. */
  program: string;
  /** Says how far it is; the line replaces the one before. */
  progress(line: string): void;
}

export interface SoakReport {
  kills: number;
  /** For people. */
  text: string;
}

/** What did not hold, in one sentence. */
export class SoakFault extends Error {}
