import { existsSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '@sheaf/store';
import { startNats, startPostgres } from '@sheaf/testing';
import pino from 'pino';
import { CliError } from '../errors.ts';
import { keyFile, writeChainFiles } from './chain-files.ts';
import { lockDataDir, prepareDataDir, resetDataDir } from './data-dir.ts';
import { requireNats } from './external-nats.ts';
import { allPorts, membersOf, requirePortsFit, type Member } from './lanes.ts';
import { databases, pathLayout, portLayout, type DatabaseName, type Ports } from './layout.ts';
import { requireFreePorts } from './ports.ts';
import { bundleOf, serviceSpecs, stopOrder, type ServiceSpec } from './services.ts';
import { observeProcesses, requirePartitions, writeState, type DevnetLayout } from './state-file.ts';
import { superviseProcess, type SupervisedProcess } from './supervised-process.ts';
import { superviseServer, type SupervisedServer } from './supervised-server.ts';
import { startWatchdog } from './watchdog.ts';

/** From the launch of the services to the last of them being ready: ten times what it takes on two idle cores. */
const readyMsMax = 150_000;
/** V8's own threads in each service, which collect and compile. Its default, four, takes the cores from what they are to help where there are two. */
const backgroundThreads = Math.max(1, Math.min(4, availableParallelism() - 1));

export interface DevnetOptions extends DevnetLayout {
  dataDir: string;
  /** Forget the chain that an earlier start left in the directory. */
  fresh: boolean;
  /** A NATS server that is there already; undefined starts one. */
  natsUrl: string | undefined;
  /** Folder of the built apps. */
  appsDir: string;
}

/** One process of the devnet. */
export type DevnetProcess = (SupervisedProcess | SupervisedServer) & { adminPort?: number };

export interface Devnet {
  readonly ports: Ports;
  /** The execution members of all lanes; each is one of the processes, by name. */
  readonly members: Member[];
  readonly rpcUrl: string;
  readonly chain: ReturnType<typeof writeChainFiles>;
  /** Servers first, then services. */
  readonly processes: DevnetProcess[];
  /** Asks every service again whether it is ready. */
  probe(): Promise<void>;
  /** Orderly stop; nothing runs afterwards and the data directory is free. Idempotent. */
  stop(): Promise<void>;
  /** Kills everything at once; the watchdog cleans up behind. */
  kill(): void;
}

/**
 * Brings up PostgreSQL, NATS and every service; resolves when all are ready. This process must lead its process group.
 * When it rejects, everything that had been started is stopped.
 * @throws CliError in one sentence: directory, ports, partitions, NATS, a service that gives up; or the reason of `signal`
 */
export async function startDevnet(
  options: DevnetOptions,
  deps: { report: (sentence: string) => void; signal: AbortSignal },
): Promise<Devnet> {
  const paths = pathLayout(options.dataDir);
  const ports = portLayout(options.portBase);
  requirePortsFit(options.portBase, options);
  const members = membersOf(options, options.portBase);
  prepareDataDir(options.dataDir);
  const lock = await lockDataDir(paths.lock, options.portBase);
  const watchdog = startWatchdog(process.pid);
  lock.setWatchdog(watchdog.pid);
  const servers: SupervisedServer[] = [];
  const services = new Map<string, SupervisedProcess & { adminPort: number }>();

  let stopped: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    for (const names of stopOrder(members)) await Promise.all(names.map(async (name) => services.get(name)?.stop()));
    for (const server of [...servers].reverse()) await server.stop();
    watchdog.dismiss();
    lock.release();
  };
  const stop = (): Promise<void> => (stopped ??= stopAll());
  const kill = (): void => {
    for (const child of [...services.values(), ...servers]) child.kill();
  };
  const proceed = (): void => deps.signal.throwIfAborted();

  try {
    await requireFreePorts(allPorts(options.portBase, options), { waitMs: lock.displaced ? 15_000 : 0 });
    if (options.fresh) resetDataDir(options.dataDir);
    requirePartitions(paths, options.partitions);
    const chain = writeChainFiles(paths);
    for (const folder of [paths.logs, paths.services]) mkdirSync(folder, { recursive: true });
    const { databaseUrl, natsUrl } = await startServers(options, paths, ports, deps, servers);
    proceed();
    await createDatabases(databaseUrl);
    proceed();
    requireBundles(options.appsDir);
    const specs = serviceSpecs({
      ports,
      members,
      natsUrl,
      // Devnets that share a NATS server must not hear each other.
      streamPrefix: `sheaf-${options.portBase}`,
      databaseUrl: (name) => withDatabase(databaseUrl, name),
      chainSpecFile: paths.chainSpec,
      keyFile: (name) => keyFile(paths.keys, name),
      dataDir: (name) => ensureDir(join(paths.services, name)),
    });
    writeState(paths.state, observeProcesses(options, []));
    for (const spec of specs) services.set(spec.name, launchService(spec, options.appsDir, paths.logs, deps.report));
    await untilReadyOrAborted([...services.values()], deps.signal);
    return {
      ports,
      members,
      rpcUrl: `http://127.0.0.1:${ports.gateway}`,
      chain,
      processes: [...servers, ...services.values()],
      probe: async () => void (await Promise.all([...services.values()].map((service) => service.probe()))),
      stop,
      kill,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function requireBundles(appsDir: string): void {
  const apps = ['sequencer', 'execution', 'data-availability', 'settlement', 'validator', 'gateway'];
  const missing = apps.filter((app) => !existsSync(bundleOf(appsDir, app)));
  if (missing.length > 0) throw new CliError(`not built: ${missing.join(', ')}; run: npm run build`);
}

async function startServers(
  options: DevnetOptions,
  paths: { postgres: string; nats: string },
  ports: Ports,
  deps: { report: (sentence: string) => void },
  started: SupervisedServer[],
): Promise<{ databaseUrl: string; natsUrl: string }> {
  const keep = async (server: Promise<SupervisedServer>): Promise<SupervisedServer> => {
    started.push(await server);
    return server;
  };
  const startOne = {
    postgres: () => startPostgres({ dataDir: paths.postgres, port: ports.postgres, persistent: true }),
    nats: () => startNats({ dataDir: paths.nats, port: ports.nats, log: deps.report }),
  };
  // Both are awaited, even when one fails, so that `started` holds whatever runs.
  const [postgres, nats] = await Promise.allSettled([
    keep(superviseServer('postgres', startOne.postgres, deps)),
    options.natsUrl === undefined ? keep(superviseServer('nats', startOne.nats, deps)) : requireNats(options.natsUrl),
  ]);
  if (postgres.status === 'rejected') throw postgres.reason;
  if (nats.status === 'rejected') throw nats.reason;
  return { databaseUrl: postgres.value.url, natsUrl: nats.value.url };
}

async function createDatabases(serverUrl: string): Promise<void> {
  const log = pino({ level: 'silent' });
  const store = openStore({ url: serverUrl, applicationName: 'sheaf-cli', connectionsMax: 1 }, { log });
  try {
    const rows = await store.query<{ datname: string }[]>`select datname from pg_database`;
    const present = new Set(rows.map(({ datname }) => datname));
    for (const name of databases) {
      if (!present.has(name)) await store.query`create database ${store.query(name)}`;
    }
  } finally {
    await store.close();
  }
}

function withDatabase(serverUrl: string, name: DatabaseName): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

function ensureDir(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

function launchService(
  spec: ServiceSpec,
  appsDir: string,
  logs: string,
  report: (sentence: string) => void,
): SupervisedProcess & { adminPort: number } {
  const service = superviseProcess(
    {
      name: spec.name,
      command: process.execPath,
      args: [`--v8-pool-size=${backgroundThreads}`, bundleOf(appsDir, spec.app)],
      env: { ...inherited(), SHEAF_PARENT_PID: String(process.pid), ...spec.env },
      logFile: join(logs, `${spec.name}.log`),
      readyUrl: `http://127.0.0.1:${spec.adminPort}/readyz`,
    },
    { report },
  );
  return { ...service, adminPort: spec.adminPort };
}

/** What a service needs of the user's environment; settings of this process must not leak into it. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]!]])),
  );
}

async function untilReadyOrAborted(services: SupervisedProcess[], signal: AbortSignal): Promise<void> {
  const finished = new AbortController();
  const aborted = async (): Promise<never> => {
    while (!signal.aborted) await pause(50, undefined, { signal: finished.signal });
    throw signal.reason;
  };
  try {
    await Promise.race([aborted(), Promise.all(services.map((service) => service.untilReady(readyMsMax)))]);
  } finally {
    finished.abort();
  }
}
