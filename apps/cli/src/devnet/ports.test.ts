// Goal: a taken port is found before anything starts, and is named with what wanted it.
// Method: real listeners on ports of the system's choice.
import { createServer, type AddressInfo, type Server } from 'node:net';
import { portLayout, portBaseMax } from './layout.ts';
import { findFreePortBase, requireFreePorts } from './ports.ts';

const open: Server[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  return { port: (server.address() as AddressInfo).port, server };
}

test('names every taken port', async () => {
  const [a, b] = [await listen(), await listen()];
  const ports = { gateway: a.port, free: 0, nats: b.port };
  await expect(requireFreePorts(ports, { waitMs: 0 })).rejects.toThrow(
    `2 ports are taken: ${a.port} (gateway), ${b.port} (nats); stop what listens there or choose others with --port-base`,
  );
});

test('waits for a port that is on its way out', async () => {
  const { port, server } = await listen();
  const waiting = requireFreePorts({ gateway: port }, { waitMs: 60_000 });
  await new Promise((resolve) => server.close(resolve));
  await expect(waiting).resolves.toBeUndefined();
});

test('finds a base beyond a taken one', async () => {
  const { port } = await listen();
  const layout = (base: number): Record<string, number> => ({ only: base === 20 ? 0 : port });
  await expect(findFreePortBase(0, 40, layout)).resolves.toBe(20);
  await expect(findFreePortBase(0, 15, layout)).rejects.toThrow('no free run of ports');
});

test('no two parts of a layout share a port, and the highest base still fits', () => {
  const ports = Object.values(portLayout(portBaseMax));
  expect(new Set(ports).size).toBe(ports.length);
  expect(Math.max(...ports)).toBe(65_535);
});
