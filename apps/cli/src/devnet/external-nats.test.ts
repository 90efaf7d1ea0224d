// Goal: a NATS server that was named is found before anything is started, or one sentence says that it is not there.
// Method: real sockets: one that listens, one that does not, and text that is no URL.
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { requireNats } from './external-nats.ts';

test('a server that listens is taken, one that does not is named', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `nats://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(requireNats(url)).resolves.toEqual({ url });
  await new Promise((resolve) => server.close(resolve));
  await expect(requireNats(url)).rejects.toThrow('no NATS server answers at 127.0.0.1:');
});

test('text that is no URL is refused without being shown', async () => {
  await expect(requireNats('secret-token')).rejects.toThrow('SHEAF_NATS_URL is not a URL');
  await expect(requireNats('secret-token')).rejects.not.toThrow('secret-token');
});
