import { spawn } from 'node:child_process';

/** Set for a process that was started in a session of its own by one that passes signals on; its process id. */
const frontVariable = 'SHEAF_FRONT_PID';
/** Signals closer together than this are one press: the terminal and npm both deliver a Ctrl-C. */
const samePressMs = 300;

/** The process that passes signals on to this one; undefined when this one was started directly. */
export function frontPid(): number | undefined {
  const value = process.env[frontVariable];
  return value === undefined ? undefined : Number(value);
}

/**
 * Runs this program again in a session of its own and passes signals on to it; resolves with its exit code.
 * So the long-running commands lead a process group that holds everything they start, and the terminal's Ctrl-C
 * reaches them once, and their children never.
 */
export function runInOwnSession(args: string[]): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, __filename, ...args], {
    stdio: 'inherit',
    detached: true,
    env: { ...process.env, [frontVariable]: String(process.pid) },
  });
  for (const signal of pressSignals)
    process.on(
      signal,
      oncePerPress(() => child.kill(signal)),
    );
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const pressSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let lastPressMs = -Infinity;

function oncePerPress(act: () => void): () => void {
  return () => {
    const nowMs = performance.now();
    if (nowMs - lastPressMs >= samePressMs) act();
    lastPressMs = nowMs;
  };
}

/**
 * Calls `first` at the first request to stop and `again` at every later one. A front that is gone (killed, its terminal
 * closed) is a request too. Returns what ends the watch.
 */
export function onStopRequest(first: () => void, again: () => void): () => void {
  let asked = false;
  const act = (): void => {
    if (asked) return again();
    asked = true;
    first();
  };
  const press = oncePerPress(act);
  for (const signal of pressSignals) process.on(signal, press);
  const front = frontPid();
  const timer = setInterval(() => {
    if (!asked && front !== undefined && process.ppid !== front) act();
  }, 500);
  timer.unref();
  return () => {
    clearInterval(timer);
    for (const signal of pressSignals) process.off(signal, press);
  };
}
