import { createServer } from 'node:net';
import { freePort, portTaken } from './launch.ts';

test('no port is given twice, nor one of those that follow it', async () => {
  const given: number[] = [];
  for (let call = 0; call < 300; call++) {
    const port = await freePort(2);
    given.push(port, port + 1, port + 2);
  }
  expect(new Set(given).size).toBe(given.length);
  expect(Math.min(...given)).toBeGreaterThanOrEqual(10_000);
  expect(Math.max(...given)).toBeLessThanOrEqual(32_767);
});

test('a port that somebody holds is not given', async () => {
  const next = (await freePort()) + 1;
  const holder = createServer();
  // Where another process holds it already, so much the better.
  await new Promise<void>((resolve) => holder.once('error', () => resolve()).listen(next, '127.0.0.1', resolve));
  expect(await portTaken(next)).toBe(true);
  expect(await freePort()).not.toBe(next);
  holder.close();
});
