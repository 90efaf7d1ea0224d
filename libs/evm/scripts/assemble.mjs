// Assembles the AssemblyScript under assembly/ into WebAssembly that src/ imports as base64.
// With --check it only says whether the files under src/generated are what the sources give.
import asc from 'assemblyscript/asc';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

const modules = [
  {
    entry: 'assembly/index.ts',
    name: 'machine',
    // Its memory comes from JavaScript: 15,937 pages reach to where layout.ts has the memories of frames, and one more.
    flags: [
      ...['--enable', 'simd', '--enable', 'bulk-memory', '--memoryBase', '32768', '--exportTable'],
      ...['--importMemory', '--initialMemory', '15937', '--maximumMemory', '32768'],
    ],
  },
  { entry: 'assembly/precompiles/index.ts', name: 'precompiles', flags: [] },
];

async function assemble({ entry, flags }) {
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
  return wasm;
}

let stale = false;
for (const { name, ...module } of modules) {
  const wasm = await assemble(module);
  const target = join(root, `src/generated/${name}.ts`);
  const text = `// Assembled by scripts/assemble.mjs from ${module.entry}: ${wasm.length} bytes.
export const ${name}Wasm =
  '${Buffer.from(wasm).toString('base64')}';
`;
  if (!process.argv.includes('--check')) {
    mkdirSync(join(root, 'src/generated'), { recursive: true });
    writeFileSync(target, text);
    console.log(`${name}: ${wasm.length} bytes`);
  } else if (readFileSync(target, 'utf8') !== text) {
    console.error(`src/generated/${name}.ts is not what ${module.entry} gives: run node libs/evm/scripts/assemble.mjs`);
    stale = true;
  }
}
if (stale) process.exit(1);
