import { dirname, join, resolve } from 'node:path';

/** Folder of the built apps: this bundle is one of them. */
export function appsDirectory(): string {
  return dirname(dirname(__filename));
}

/** The checkout that this bundle was built in. */
export function workspaceDirectory(): string {
  return resolve(appsDirectory(), '../..');
}

/** Where `devnet` keeps its chain unless told otherwise. */
export function defaultDataDir(): string {
  return join(workspaceDirectory(), '.sheaf/devnet');
}

/** A NATS server to use in the place of one of the devnet's own. */
export function natsUrl(): string | undefined {
  return process.env['SHEAF_NATS_URL'] || undefined;
}

/** Version of the workspace, put in by the build. */
export function version(): string {
  return process.env['SHEAF_VERSION'] ?? '0.0.0';
}
