// Goal: a database or NATS server that is killed comes back on the same address, and a stop is final.
// Method: a real NATS server on a port and directory of its own, killed with kill -9.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startNats, waitFor } from '@sheaf/testing';
import { isAlive } from '../src/devnet/process-table.ts';
import { superviseServer } from '../src/devnet/supervised-server.ts';

test('comes back after kill -9 and not after a stop', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sheaf-cli-'));
  const port = await freePort();
  const said: string[] = [];
  const server = await superviseServer('nats', () => startNats({ dataDir, port }), {
    report: (sentence) => said.push(sentence),
  });
  try {
    const first = server.pid()!;
    process.kill(first, 'SIGKILL');
    await waitFor(() => server.restarts() === 1, { timeoutMs: 30_000, what: 'the restart' });
    const second = server.pid()!;
    expect(second).not.toBe(first);
    expect(server.url).toBe(`nats://127.0.0.1:${port}`);
    expect(said).toEqual(['nats was killed by SIGKILL; starting it again']);
    await server.stop();
    expect(isAlive(second)).toBe(false);
    expect(server.restarts()).toBe(1);
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
