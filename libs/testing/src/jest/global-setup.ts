import './workspace-alias.ts';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningServer } from '../launch.ts';
import { startNats } from '../nats.ts';
import { startPostgres } from '../postgres.ts';
import { workspaceRoot } from '../workspace.ts';
import { keepRun } from './run.ts';

/**
 * One PostgreSQL and one NATS for the whole run, unless SHEAF_TEST_POSTGRES_URL and SHEAF_TEST_NATS_URL name others. Workers inherit
 * the variables. Which tests will run is unknown here, so both always start (side by side, about a second).
 */
export default async function setUp(): Promise<void> {
  const workersDir = join(workspaceRoot, 'dist/.test-workers', String(process.pid));
  await mkdir(workersDir, { recursive: true });
  process.env['SHEAF_TEST_WORKERS_DIR'] = workersDir;
  const starts: Promise<RunningServer>[] = [];
  if (process.env['SHEAF_TEST_POSTGRES_URL'] === undefined)
    starts.push(exported('SHEAF_TEST_POSTGRES_URL', startPostgres()));
  if (process.env['SHEAF_TEST_NATS_URL'] === undefined) {
    const log = (line: string) => void process.stderr.write(`${line}\n`);
    starts.push(exported('SHEAF_TEST_NATS_URL', startNats({ log })));
  }
  const outcomes = await Promise.allSettled(starts);
  const servers = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await Promise.all(servers.map((server) => server.stop()));
    throw failed.reason;
  }
  keepRun({ servers, workersDir });
}

async function exported(name: string, starting: Promise<RunningServer>): Promise<RunningServer> {
  const server = await starting;
  process.env[name] = server.url;
  return server;
}
