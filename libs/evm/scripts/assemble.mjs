// Assembles assembly/*.ts into src/generated/machine.ts. With --check: compares instead of writing.
import asc from 'assemblyscript/asc';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'src/generated/machine.ts');
const files = new Map();
const { error, stderr } = await asc.main(
  [
    'assembly/index.ts',
    ...['--outFile', 'machine.wasm', '--runtime', 'stub', '--optimizeLevel', '3', '--shrinkLevel', '0', '--noAssert'],
    ...['--converge', '--enable', 'simd', '--enable', 'bulk-memory', '--memoryBase', '32768', '--exportTable'],
    // Its memory comes from JavaScript, which knows the layout.
    ...['--importMemory', '--initialMemory', '9793', '--maximumMemory', '32768'],
  ],
  {
    readFile: (name, base) => {
      try {
        return readFileSync(join(base === '.' ? root : base, name), 'utf8');
      } catch {
        return null;
      }
    },
    writeFile: (name, contents) => files.set(name, contents),
    listFiles: () => [],
  },
);
if (error !== null) {
  console.error(stderr.toString());
  throw error;
}
const wasm = Buffer.from(files.get('machine.wasm'));
const text = `// Made by scripts/assemble.mjs from assembly/. ${wasm.length} bytes of WebAssembly.
export const machineBase64 =
  '${wasm.toString('base64')}';
`;
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/generated/machine.ts is not what assembly/ gives: run node libs/evm/scripts/assemble.mjs');
    process.exit(1);
  }
} else {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}
console.log(`machine: ${wasm.length} bytes`);
if (process.argv.includes('--save')) writeFileSync(process.argv[process.argv.indexOf('--save') + 1], wasm);
