import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** A server that this process started. */
export interface RunningServer {
  url: string;
  port: number;
  pid: number;
  /** Resolves when the process has ended, wanted or not. */
  exited: Promise<ServerExit>;
  /** Stops it cleanly; resolves when it has ended and its temporary files are gone. Idempotent. */
  stop(): Promise<void>;
}

/** How a server ended. */
export interface ServerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A spawned server before it is known to be ready. */
export interface Launched {
  child: ChildProcess;
  pid: number;
  exited: Promise<ServerExit>;
  /** The last 8 KiB that it printed. */
  output(): string;
  /** Sends `signal`, after `graceMs` SIGKILL, and waits for the end. Idempotent. */
  end(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

const outputCharsMax = 8_192;
const ports = { first: 10_000, last: 32_767 };
const triesMax = 100;
/** Where the search for a free port goes on: from anywhere, because others search too, then upwards, so that none is given twice. */
let nextPort = randomInt(ports.first, ports.last + 1);

/**
 * Starts a server in a session of its own, so that Ctrl-C reaches only the process that decides the stop order. A guard
 * process holds a pipe to us: when we end without stopping the server (kill -9 too), the pipe breaks and the
 * guard sends `signal` to the server.
 */
export function launch(
  command: string,
  args: readonly string[],
  options: { signal: NodeJS.Signals; env?: NodeJS.ProcessEnv; uid?: number; gid?: number; cwd?: string },
): Promise<Launched> {
  const { signal, ...spawnOptions } = options;
  const child = spawn(command, args, { ...spawnOptions, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  const collect = (chunk: Buffer): void => {
    printed = (printed + chunk.toString('utf8')).slice(-outputCharsMax);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('close', (code, by) => resolve({ code, signal: by }));
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      const pid = child.pid!;
      guard(pid, signal, exited);
      resolve({ child, pid, exited, output: () => printed, end: (by, graceMs) => end(child, exited, by, graceMs) });
    });
  });
}

function guard(pid: number, signal: NodeJS.Signals, exited: Promise<ServerExit>): void {
  const script = 'cat >/dev/null; kill -s "$2" "$1" 2>/dev/null';
  const watcher = spawn('/bin/sh', ['-c', script, 'guard', String(pid), signal.replace('SIG', '')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  // The guard and its pipe must not keep our process from ending.
  watcher.unref();
  (watcher.stdin as unknown as { unref?: () => void }).unref?.();
  // Ended by group, so that the pid cannot be signalled after it was given to another process.
  void exited.then(() => {
    try {
      if (watcher.pid !== undefined) process.kill(-watcher.pid, 'SIGKILL');
    } catch {
      // It had ended already.
    }
  });
}

async function end(child: ChildProcess, exited: Promise<ServerExit>, signal: NodeJS.Signals, graceMs: number) {
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}

/**
 * A TCP port of 127.0.0.1 that was free a moment ago, at most 32,767 together with the `following` ones, and none that
 * an earlier call here gave (while there are others). The system gives higher ones to connections that processes open, at any moment
 * (ip_local_port_range): such a port may be taken between its choice and its use.
 */
export async function freePort(following = 0): Promise<number> {
  for (let tries = 0; tries < triesMax; tries++) {
    if (nextPort + following > ports.last) nextPort = ports.first;
    const port = nextPort;
    nextPort += 1 + following;
    if (!(await portTaken(port))) return port;
  }
  throw new Error(`no port between ${ports.first} and ${ports.last} was found free`);
}

/** True when something on 127.0.0.1 holds the port. */
export function portTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(true));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(false)));
  });
}
