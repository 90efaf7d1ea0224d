import { build } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const natives = /^(secp256k1|@chainsafe\/blst|@crate-crypto\/node-eth-kzg)$/;

/** Bundles one source file to CommonJS in a temp dir; native packages are required by absolute path. */
export async function bundle(entry: string): Promise<{ file: string; remove(): void }> {
  const directory = mkdtempSync(join(tmpdir(), 'sheaf-crypto-'));
  const outfile = join(directory, 'worker.cjs');
  const resolve = createRequire(__filename).resolve;
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    tsconfig: join(__dirname, '../../../tsconfig.base.json'),
    plugins: [
      {
        name: 'natives',
        setup: (esbuild) =>
          esbuild.onResolve({ filter: natives }, ({ path }) => ({ path: resolve(path), external: true })),
      },
    ],
  });
  return { file: outfile, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
