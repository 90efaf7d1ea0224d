import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** Where Node looks for packages from here, nearest first. */
const folders = createRequire(__filename).resolve.paths('x') ?? [];

/** A file of an installed package; a package's `exports` do not hide it. Undefined when it is not there. */
export function findInPackage(name: string, file: string): string | undefined {
  return folders.map((folder) => join(folder, name, file)).find((path) => existsSync(path));
}

/** Its version as installed. */
export function versionOf(name: string): string {
  const file = findInPackage(name, 'package.json');
  if (file === undefined) return 'not installed';
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
