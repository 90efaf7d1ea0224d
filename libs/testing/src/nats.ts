import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { homedir, tmpdir, userInfo } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ChainError } from '@sheaf/primitives';
import { freePort, launch, portTaken, type Launched, type RunningServer } from './launch.ts';

const run = promisify(execFile);
const readyTimeoutMs = 15_000;
const stopGraceMs = 10_000;

/**
 * The path of a `nats-server`: SHEAF_NATS_SERVER, else PATH, else our cache (~/.cache/sheaf), else downloaded with apt-get and unpacked into the
 * cache; nothing is installed system-wide. `log` hears of a download.
 * @throws ChainError `UNAVAILABLE` saying what to install
 */
export async function findNatsServer(log: (line: string) => void = () => undefined): Promise<string> {
  const named = process.env['SHEAF_NATS_SERVER'];
  if (named !== undefined && named !== '') {
    if (executable(named)) return resolve(named);
    throw unavailable(`SHEAF_NATS_SERVER names ${named}, which is not an executable file`);
  }
  const cached = join(cacheDirectory(), 'nats-server');
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats-server'));
  const found = [...onPath, cached].find(executable);
  if (found !== undefined) return found;
  try {
    log('nats-server is not installed: downloading it with apt-get');
    await download(cached);
    return cached;
  } catch (cause) {
    throw unavailable(
      'nats-server was not found and could not be downloaded with apt-get: install NATS server 2.9 or later on PATH, or name its file in SHEAF_NATS_SERVER',
      cause,
    );
  }
}

function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'sheaf');
}

async function download(target: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'sheaf-nats-download-'));
  const fetchPackage = () => run('apt-get', ['download', 'nats-server'], { cwd: folder });
  try {
    await fetchPackage().catch(async (error: unknown) => {
      if (userInfo().uid !== 0) throw error;
      // A fresh container has no package lists; only root may fetch them.
      await run('apt-get', ['update', '-q']);
      await fetchPackage();
    });
    const archive = (await readdir(folder)).find((file) => file.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download left no package');
    await run('dpkg', ['-x', join(folder, archive), join(folder, 'unpacked')]);
    await mkdir(cacheDirectory(), { recursive: true });
    // Copied beside its place and renamed: another process sees the whole file or none.
    const partial = `${target}.${process.pid}`;
    await copyFile(join(folder, 'unpacked/usr/sbin/nats-server'), partial);
    await rename(partial, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
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

/**
 * Starts a NATS server with JetStream on 127.0.0.1 only. Without `dataDir` its files are temporary and removed by `stop`.
 * @throws ChainError `UNAVAILABLE` in one sentence: no server found, taken port, unusable directory
 */
export async function startNats(
  options: { dataDir?: string; port?: number; log?: (line: string) => void } = {},
): Promise<RunningServer> {
  const binary = await findNatsServer(options.log);
  if (options.port !== undefined && (await portTaken(options.port))) {
    throw unavailable(`port ${options.port} of 127.0.0.1, wanted for NATS, is taken`);
  }
  const dataDir =
    options.dataDir === undefined ? await mkdtemp(join(tmpdir(), 'sheaf-nats-')) : resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true }).catch((cause: unknown) => {
    throw unavailable(`the NATS data directory ${dataDir} cannot be written`, cause);
  });
  const { server, port } = await serve(binary, dataDir, options.port);
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await server.end('SIGTERM', stopGraceMs);
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    pid: server.pid,
    exited: server.exited,
    stop: () => (stopped ??= stop()),
  };
}

async function serve(binary: string, dataDir: string, wantedPort: number | undefined) {
  for (let attempt = 1; ; attempt++) {
    const port = wantedPort ?? (await freePort());
    const args = ['-js', '-sd', dataDir, '-a', '127.0.0.1', '-p', String(port)];
    const server = await launch(binary, args, { signal: 'SIGTERM', cwd: tmpdir() });
    if (await becomesReady(server, port)) return { server, port };
    const said = server.output();
    await server.end('SIGTERM', stopGraceMs);
    // A free port may be taken in between.
    if (attempt >= 5 || wantedPort !== undefined || !said.includes('address already in use')) {
      throw unavailable(`NATS did not start in ${dataDir}: ${said.trim().split('\n').at(-1) ?? 'it said nothing'}`);
    }
  }
}

async function becomesReady(server: Launched, port: number): Promise<boolean> {
  let over = false;
  void server.exited.then(() => (over = true));
  const deadline = performance.now() + readyTimeoutMs;
  while (!over && performance.now() < deadline) {
    // "Server is ready" comes after JetStream has recovered its streams; the greeting shows that clients are served.
    if (server.output().includes('Server is ready') && (await greets(port))) return !over;
    await delay(10);
  }
  return false;
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', (chunk) => answer(chunk.toString('latin1').startsWith('INFO')));
    socket.once('error', () => answer(false));
    socket.setTimeout(1_000, () => answer(false));
  });
}

function unavailable(message: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'UNAVAILABLE', message }, { cause });
}
