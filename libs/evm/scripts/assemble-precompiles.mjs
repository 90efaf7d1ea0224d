// Assembles libs/evm/assembly/precompiles into libs/evm/src/generated/precompiles.ts.
// With --check it only says whether that file is what the sources give.
import asc from 'assemblyscript/asc';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const target = join(root, 'src/generated/precompiles.ts');

let wasm;
const { error, stderr } = await asc.main(
  ['assembly/precompiles/index.ts', '--outFile', 'out.wasm', '--runtime', 'stub', '-O3', '--converge', '--noAssert'],
  {
    readFile: (name, base) => {
      try {
        return readFileSync(join(root, base === '.' ? '' : base, name), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (name, contents) => {
      if (name === 'out.wasm') wasm = contents;
    },
    listFiles: () => [],
  },
);
if (error) throw new Error(stderr.toString(), { cause: error });

const base64 = Buffer.from(wasm).toString('base64');
const text = `// Assembled by scripts/assemble-precompiles.mjs from assembly/precompiles: ${wasm.length} bytes.
export const precompilesWasm =
  '${base64}';
`;
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text)
    throw new Error('src/generated/precompiles.ts is not what its sources give');
} else {
  writeFileSync(target, text);
}
