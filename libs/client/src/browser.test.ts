// Goal: the library runs in a browser.
// Method: bundled for one by esbuild, which fails on a module of Node; run in a context that has the language and the
// few functions of a browser that are needed, so that a Node global that anything reaches for is not there.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import anvil from './vectors/anvil.json';

const root = join(__dirname, '../../..');

/** One script for a browser that does what the module does. */
function bundle(source: string, format: 'iife' | 'esm'): string {
  const flags = ['--bundle', '--platform=browser', '--target=es2022', '--tsconfig=tsconfig.base.json', '--loader=ts'];
  return execFileSync(join(root, 'node_modules/.bin/esbuild'), [...flags, `--format=${format}`], {
    cwd: root,
    encoding: 'utf8',
    input: source,
    maxBuffer: 16_777_216,
  });
}

/** Runs it without Node's globals: with the language, and what of a browser is given. */
function run(script: string, browser: Record<string, unknown>): unknown {
  const context = createContext({ atob, ...browser });
  expect(runInContext('typeof process + typeof Buffer + typeof require', context)).toBe('undefined'.repeat(3));
  return runInContext(script, context);
}

test('an account is verified by the bundle alone', () => {
  const print = jest.fn();
  const script = bundle(
    `import { verifyAccountProof } from '@sheaf/client';
    const { stateRoot, accounts } = JSON.parse(anvil);
    for (const { slots, proof } of accounts) {
      const proven = verifyAccountProof({ stateRoot, address: proof.address, slots }, proof);
      print([proven.exists, proven.balance, proven.slots.length].join());
    }`,
    'iife',
  );
  run(script, { anvil: JSON.stringify(anvil), print });
  expect(print.mock.calls.flat()).toEqual([
    'true,0,6',
    'true,9998999364756866093000,1',
    'true,1000000000000000000,0',
    'false,0,2',
  ]);
});

test('the example of the README', async () => {
  const example = /```ts\n(.*?)```/s.exec(readFileSync(join(__dirname, '../README.md'), 'utf8'))![1]!;
  const log = jest.fn();
  const answer = anvil.accounts.find(({ proof }) => example.includes(proof.address))!.proof;
  const fetch = () => Promise.resolve({ json: () => Promise.resolve({ result: answer }) });
  await run(`(async () => {${bundle(example, 'esm')}})()`, { console: { log }, fetch });
  expect(log.mock.calls).toEqual([[true, 10n ** 18n]]);
});
