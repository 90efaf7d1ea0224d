import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { CliError, systemCode } from '../errors.ts';

const host = '127.0.0.1';

/**
 * Resolves when nothing listens on any of the named ports; asks again for `waitMs`, for a devnet that is on its way out.
 * @throws CliError naming every taken port and what wanted it
 */
export async function requireFreePorts(ports: Record<string, number>, options: { waitMs: number }): Promise<void> {
  let taken = await takenPorts(ports);
  for (let waitedMs = 0; taken.length > 0 && waitedMs < options.waitMs; waitedMs += 100) {
    await pause(100);
    taken = await takenPorts(ports);
  }
  if (taken.length === 0) return;
  const subject = taken.length === 1 ? 'a port is' : `${taken.length} ports are`;
  throw new CliError(
    `${subject} taken: ${taken.join(', ')}; stop what listens there or choose others with --port-base`,
  );
}

async function takenPorts(ports: Record<string, number>): Promise<string[]> {
  const checks = Object.entries(ports).map(async ([name, port]) => {
    const fault = await listenFault(port);
    if (fault === undefined) return [];
    return [fault === 'EADDRINUSE' ? `${port} (${name})` : `${port} (${name}, ${fault})`];
  });
  return (await Promise.all(checks)).flat();
}

/** A base for which all ports of the layout are free now; tried from `first` upwards in steps of 20. */
export async function findFreePortBase(
  first: number,
  last: number,
  layout: (base: number) => Record<string, number>,
): Promise<number> {
  for (let base = first; base <= last; base += 20) {
    const faults = await Promise.all(Object.values(layout(base)).map(listenFault));
    if (faults.every((fault) => fault === undefined)) return base;
  }
  throw new CliError(`no free run of ports between ${first} and ${last}`);
}

/** The system's word for why one cannot listen on the port; undefined when one can. */
function listenFault(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(systemCode(error) ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
