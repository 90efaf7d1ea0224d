import { spawn } from 'node:child_process';

/**
 * A shell that outlives this process: it reads a pipe whose only writer is this process, so that however this process
 * ends, kill -9 included, the pipe ends, and it then stops every process of this process group: an interrupt first,
 * which PostgreSQL, NATS and the services take as an orderly stop, and after five seconds a kill.
 * It needs no polling and cannot mistake a stranger for its parent.
 */
const script = `
while read -r word; do
  [ "$word" = finished ] && exit 0
done
kill -INT -"$1" 2>/dev/null
i=0
while [ $i -lt 25 ]; do
  kill -0 -"$1" 2>/dev/null || exit 0
  sleep 0.2
  i=$((i + 1))
done
kill -KILL -"$1" 2>/dev/null
`;

export interface Watchdog {
  pid: number;
  /** Afterwards the watchdog leaves without stopping anything. */
  dismiss(): void;
}

/** Watches over the process group `groupId`, of which this process must be the leader. */
export function startWatchdog(groupId: number): Watchdog {
  const child = spawn('/bin/sh', ['-c', script, 'sheaf-watchdog', String(groupId)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Its own session: what it does to the group must not hit itself.
    detached: true,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
  });
  if (child.pid === undefined) throw new Error('cannot start /bin/sh');
  // Somebody killed it: there is no one to write to, and nothing else to do.
  child.stdin.on('error', () => {});
  child.unref();
  return { pid: child.pid, dismiss: () => void child.stdin.end('finished\n') };
}
