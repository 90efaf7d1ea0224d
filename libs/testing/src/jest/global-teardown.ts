import './workspace-alias.ts';
import { rm } from 'node:fs/promises';
import { takeRun } from './run.ts';

/** Stops what global setup started and removes the run's bundles. */
export default async function tearDown(): Promise<void> {
  const run = takeRun();
  if (!run) return;
  await Promise.all(run.servers.map((server) => server.stop()));
  await rm(run.workersDir, { recursive: true, force: true });
}
