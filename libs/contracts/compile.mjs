// Compiles every contract of the folder solidity/ to src/generated/<kebab-case name>.ts.
//
//   node libs/contracts/compile.mjs           writes what differs
//   node libs/contracts/compile.mjs --check   writes nothing, fails when something differs
//   node libs/contracts/compile.mjs [--check] <sources> <generated>   the same for another pair of folders
//
// The output is committed, so that type checks and tests need no build first; CI runs --check.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const require = createRequire(import.meta.url);
const folder = dirname(fileURLToPath(import.meta.url));
const [sourceFolder, outputFolder] = folders(process.argv.slice(2).filter((argument) => argument !== '--check'));

/** Cancun is the oldest fork that a chain can be started with, so the code runs on all of them. */
const evmVersion = 'cancun';

const check = process.argv.includes('--check');
const wanted = await render(compile());
const stale = [...wanted].filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
const surplus = existsSync(outputFolder)
  ? readdirSync(outputFolder)
      .map((name) => join(outputFolder, name))
      .filter((file) => !wanted.has(file))
  : [];

if (check) {
  for (const file of [...stale.map(([name]) => name), ...surplus])
    console.error(`${basename(file)} differs from a fresh compilation`);
  process.exitCode = stale.length + surplus.length === 0 ? 0 : 1;
} else {
  mkdirSync(outputFolder, { recursive: true });
  for (const [file, text] of stale) writeFileSync(file, text);
  for (const file of surplus) rmSync(file);
}

function folders(given) {
  if (given.length === 0) return [join(folder, 'solidity'), join(folder, 'src/generated')];
  if (given.length === 2) return given.map((path) => resolve(path));
  throw new Error('usage: compile.mjs [--check] [<sources> <generated>]');
}

/** The contracts declared in our own files; imports are resolved from node_modules. */
function compile() {
  const files = readdirSync(sourceFolder)
    .filter((name) => name.endsWith('.sol'))
    .sort();
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(
      files.map((name) => [name, { content: readFileSync(join(sourceFolder, name), 'utf8') }]),
    ),
    settings: {
      evmVersion,
      optimizer: { enabled: true, runs: 10_000 },
      // No metadata trailer: the bytecode depends on the code alone.
      metadata: { bytecodeHash: 'none', appendCBOR: false },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
    },
  };
  const output = JSON.parse(require('solc').compile(JSON.stringify(input), { import: readImport }));
  // A warning about an imported package's source is its authors' to mend.
  const ours = ({ severity, sourceLocation }) =>
    severity === 'error' || (severity === 'warning' && !sourceLocation?.file.startsWith('@'));
  const faults = (output.errors ?? []).filter(ours);
  if (faults.length > 0) throw new Error(faults.map(({ formattedMessage }) => formattedMessage).join('\n'));
  return files.flatMap((file) =>
    Object.entries(output.contracts[file] ?? {}).map(([name, contract]) => ({ name, file, contract })),
  );
}

function readImport(path) {
  const own = join(sourceFolder, path);
  try {
    return { contents: readFileSync(existsSync(own) ? own : require.resolve(path), 'utf8') };
  } catch (error) {
    return { error: error.message };
  }
}

async function render(contracts) {
  const options = await resolveConfig(join(folder, 'compile.mjs'));
  const files = new Map();
  for (const { name, file, contract } of contracts) {
    const kebab = name.replace(/(?<=[a-z0-9])[A-Z]/g, '-$&').toLowerCase();
    const value = {
      abi: contract.abi,
      bytecode: `0x${contract.evm.bytecode.object}`,
      deployedBytecode: `0x${contract.evm.deployedBytecode.object}`,
    };
    const text = [
      `// Generated from ${basename(sourceFolder)}/${file} by compile.mjs.`,
      `export const ${name[0].toLowerCase()}${name.slice(1)} = ${JSON.stringify(value)} as const;`,
    ].join('\n');
    files.set(join(outputFolder, `${kebab}.ts`), await format(text, { ...options, parser: 'typescript' }));
  }
  return files;
}
