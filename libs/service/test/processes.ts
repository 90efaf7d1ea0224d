import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo, type Server } from 'node:net';

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  /** The log records so far. */
  records(): Record<string, unknown>[];
  stdout(): string;
  stderr(): string;
  readonly exit: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves with the first record whose message is this one. */
  logged(message: string): Promise<Record<string, unknown>>;
}

/** Runs `node …args` with exactly this environment. */
export function runNode(args: string[], environment: Record<string, string>): Child {
  const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const records = () =>
    stdout
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    pid: child.pid!,
    process: child,
    records,
    stdout: () => stdout,
    stderr: () => stderr,
    exit,
    async logged(message) {
      const find = () => records().find(({ msg }) => msg === message);
      await waitFor(() => find() !== undefined || child.exitCode !== null, `"${message}" in the log`);
      const record = find();
      if (!record) throw new Error(`ended without "${message}": ${stdout}${stderr}`);
      return record;
    },
  };
}

/** Resolves when the condition holds. @throws after 20 s */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A server on a free port of this machine. */
export async function takePort(): Promise<{ port: number; server: Server }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, server };
}
