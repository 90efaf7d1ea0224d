import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readSync, renameSync, statSync, fstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CliError, messageOf } from '../errors.ts';

export interface ProcessSpec {
  name: string;
  command: string;
  args: string[];
  /** The whole environment; secrets travel here and never in the arguments, which other users can read. */
  env: Record<string, string>;
  /** Standard output and error, appended; moved aside to `.1` at start when it has grown beyond `logBytesMax`. */
  logFile: string;
  /** Answers 200 when the process is ready. */
  readyUrl: string;
}

export interface ProcessLimits {
  /** A log above this size is moved aside at the next start of the process. */
  logBytesMax: number;
  /** Pause before the first restart; it doubles with every further one. */
  backoffMsMin: number;
  backoffMsMax: number;
  /** A process that lived this long has its backoff forgotten. */
  stableMs: number;
  /** From SIGTERM to SIGKILL. */
  stopMsMax: number;
}

export const defaultLimits: ProcessLimits = {
  logBytesMax: 16 * 1024 * 1024,
  backoffMsMin: 200,
  backoffMsMax: 5_000,
  stableMs: 30_000,
  stopMsMax: 10_000,
};

export interface SupervisedProcess {
  readonly name: string;
  /** Undefined between a crash and the restart, and after `stop`. */
  pid(): number | undefined;
  /** How often it was started again. */
  restarts(): number;
  /** The answer of the last probe. */
  ready(): boolean;
  /** Asks the process whether it is ready. */
  probe(): Promise<boolean>;
  /** Resolves at the first ready probe. @throws CliError when the process gives up (exits by itself) before, or at the timeout */
  untilReady(timeoutMs: number): Promise<void>;
  /** SIGTERM, then SIGKILL after `stopMsMax`; resolves when it is gone; it is not started again. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL without waiting; it is not started again. */
  kill(): void;
}

/**
 * Starts a process and keeps it running: whenever it ends, it is started again after a pause that doubles.
 * The exception is a process that exits by itself before it was ever ready: that is a start failure for `untilReady`.
 */
export function superviseProcess(
  spec: ProcessSpec,
  deps: { report: (sentence: string) => void; limits?: Partial<ProcessLimits> },
): SupervisedProcess {
  const limits = { ...defaultLimits, ...deps.limits };
  let child: ChildProcess | undefined;
  let gone: Promise<void> = Promise.resolve();
  let logStart = 0;
  let stopping = false;
  let everReady = false;
  let ready = false;
  let restarts = 0;
  let backoffMs = limits.backoffMsMin;
  let restartTimer: NodeJS.Timeout | undefined;
  let startFailure: CliError | undefined;

  const launch = (): void => {
    const log = openLog(spec.logFile, limits.logBytesMax);
    logStart = fstatSync(log).size;
    const startedMs = performance.now();
    const started = spawn(spec.command, spec.args, { stdio: ['ignore', log, log], env: spec.env });
    closeSync(log);
    child = started;
    gone = new Promise((resolve) => {
      const ended = (how: string, byItself: boolean): void => {
        if (child !== started) return;
        child = undefined;
        ready = false;
        resolve();
        if (!stopping) crashed(how, byItself, performance.now() - startedMs);
      };
      started.once('error', (error) => ended(messageOf(error), true));
      started.once('exit', (code, signal) =>
        ended(signal ? `was killed by ${signal}` : `ended with exit code ${code}`, signal === null),
      );
    });
  };

  const crashed = (how: string, byItself: boolean, livedMs: number): void => {
    const sentence = lastSentence(spec.logFile, logStart);
    if (byItself && !everReady) {
      startFailure = new CliError(`${spec.name} ${how}: ${sentence ?? `see ${spec.logFile}`}`);
      return;
    }
    if (livedMs > limits.stableMs) backoffMs = limits.backoffMsMin;
    deps.report(
      `${spec.name} ${how}${byItself && sentence ? ` (${sentence})` : ''}; starting it again in ${backoffMs} ms`,
    );
    restartTimer = setTimeout(() => {
      restarts++;
      launch();
    }, backoffMs);
    backoffMs = Math.min(backoffMs * 2, limits.backoffMsMax);
  };

  const probe = async (): Promise<boolean> => {
    const asked = child;
    const answer = asked !== undefined && (await answersOk(spec.readyUrl));
    ready = answer && child === asked;
    everReady ||= ready;
    return ready;
  };

  launch();
  return {
    name: spec.name,
    pid: () => child?.pid,
    restarts: () => restarts,
    ready: () => ready,
    probe,
    async untilReady(timeoutMs) {
      const deadlineMs = performance.now() + timeoutMs;
      while (!(await probe())) {
        if (startFailure) throw startFailure;
        if (stopping) throw new CliError(`${spec.name} was stopped before it was ready`);
        if (performance.now() > deadlineMs) {
          throw new CliError(
            `${spec.name} was not ready after ${Math.round(timeoutMs / 1000)} s (${await readyDetail(spec.readyUrl)}); see ${spec.logFile}`,
          );
        }
        await pause(150);
      }
    },
    async stop() {
      stopping = true;
      clearTimeout(restartTimer);
      child?.kill('SIGTERM');
      const timer = setTimeout(() => child?.kill('SIGKILL'), limits.stopMsMax);
      await gone;
      clearTimeout(timer);
    },
    kill() {
      stopping = true;
      clearTimeout(restartTimer);
      child?.kill('SIGKILL');
    },
  };
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}

async function readyDetail(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    return `/readyz answers ${response.status} ${(await response.text()).trim().slice(0, 400)}`;
  } catch {
    return '/readyz does not answer';
  }
}

function openLog(file: string, bytesMax: number): number {
  mkdirSync(dirname(file), { recursive: true });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > bytesMax) renameSync(file, `${file}.1`);
  return openSync(file, 'a');
}

/** The last line since `from` that is not a log record: what a failing service says in one sentence. */
function lastSentence(file: string, from: number): string | undefined {
  const bytesMax = 64 * 1024;
  const handle = openSync(file, 'r');
  try {
    const { size } = fstatSync(handle);
    const start = Math.max(from, size - bytesMax);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    readSync(handle, buffer, 0, buffer.length, start);
    return buffer
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('{'))
      .at(-1);
  } finally {
    closeSync(handle);
  }
}
