// The projects of the workspace, read from their project.json files.
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const workspaceRoot = dirname(dirname(fileURLToPath(import.meta.url)));

/** Every project with its name, root folder (relative) and type, sorted by root. */
export function listProjects() {
  return ['apps', 'libs']
    .flatMap((kind) => readdirSync(join(workspaceRoot, kind)).map((name) => `${kind}/${name}`))
    .filter((root) => existsSync(join(workspaceRoot, root, 'project.json')))
    .sort()
    .map((root) => ({ root, ...JSON.parse(readFileSync(join(workspaceRoot, root, 'project.json'), 'utf8')) }));
}
