import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder that holds nx.json, above this file or its bundle. */
export const workspaceRoot = findRoot(__dirname);

function findRoot(from: string): string {
  if (existsSync(join(from, 'nx.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error('no workspace (nx.json) above this file');
  return findRoot(parent);
}
