// Goal: however the leader ends, nothing of its group survives; a dismissed watchdog touches nothing.
// Method: a real process group, its leader killed with kill -9 or told to dismiss the watchdog.
import { spawn, type ChildProcess } from 'node:child_process';
import { bundleWorker, waitFor } from '@sheaf/testing';
import { isAlive } from '../src/devnet/process-table.ts';

async function startLeader(): Promise<{ leader: ChildProcess; children: number[]; watchdog: number }> {
  const file = await bundleWorker('apps/cli/test/fixtures/leader.ts');
  const leader = spawn(process.execPath, [file], { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve) =>
    leader.stdout!.once('data', (chunk: Buffer) => resolve(chunk.toString())),
  );
  const [polite = 0, stubborn = 0, watchdog = 0] = JSON.parse(line) as number[];
  return { leader, children: [polite, stubborn], watchdog };
}

test('kill -9 of the leader ends every process of the group, then the watchdog', async () => {
  const { leader, children, watchdog } = await startLeader();
  expect(children.every(isAlive)).toBe(true);
  leader.kill('SIGKILL');
  await waitFor(() => ![...children, watchdog].some(isAlive), { timeoutMs: 30_000, what: 'the group to be gone' });
});

test('a dismissed watchdog leaves the group alone', async () => {
  const { leader, children, watchdog } = await startLeader();
  leader.stdin!.write('go\n');
  await waitFor(() => !isAlive(watchdog), { what: 'the watchdog to leave' });
  expect(children.every(isAlive)).toBe(true);
  process.kill(-leader.pid!, 'SIGKILL');
});
