// Assembles the AssemblyScript under assembly/ into WebAssembly that src/ imports as base64.
// With --check it only says whether the file under src/generated is what the sources give.
import asc from 'assemblyscript/asc';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const entry = 'assembly/index.ts';
const target = join(root, 'src/generated/trie-machine.ts');
// Its memory grows to 65,535 pages: one more, and its end would be no 32-bit address.
const flags = ['--enable', 'simd', '--enable', 'bulk-memory', '--initialMemory', '16', '--maximumMemory', '65535'];

let wasm;
const { error, stderr } = await asc.main(
  [entry, '--outFile', 'out.wasm', '--runtime', 'stub', '-O3', '--converge', '--noAssert', ...flags],
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

const text = `// Assembled by scripts/assemble.mjs from ${entry}: ${wasm.length} bytes.
export const trieMachineWasm =
  '${Buffer.from(wasm).toString('base64')}';
`;
if (!process.argv.includes('--check')) {
  mkdirSync(join(root, 'src/generated'), { recursive: true });
  writeFileSync(target, text);
  console.log(`trie-machine: ${wasm.length} bytes`);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error(`src/generated/trie-machine.ts is not what ${entry} gives: run node libs/trie/scripts/assemble.mjs`);
  process.exit(1);
}
