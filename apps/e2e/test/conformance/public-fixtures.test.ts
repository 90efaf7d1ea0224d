// Goal: the engine keeps Ethereum's rules on Ethereum's own tests.
// Method: parts of the public state tests and the Cancun blocks of mainnet, through the command with both engines. The
// whole archive is `npm run conformance`; here it is what keeps a gate short. Without the fixtures the tests skip, and
// say so; under CI=true that is a failure.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorker } from '@sheaf/testing';
import { run } from '../../src/conformance/run.ts';

const workspaceRoot = join(__dirname, '../../../..');
const fixtures = process.env['SHEAF_FIXTURES'] ?? join(workspaceRoot, '../shared/fixtures');
const present = existsSync(fixtures);
const timeoutMs = 300_000;

async function command(...args: string[]): Promise<string[]> {
  const program = await bundleWorker('apps/e2e/src/conformance/main.ts');
  let text = '';
  await run(args, program, { write: (part) => (text += part), writeProgress: () => undefined, interactive: false });
  return text.trimEnd().split('\n');
}

if (!present && process.env['CI'] === 'true') {
  it('has the public fixtures', () => {
    throw new Error(`there are no fixtures at ${fixtures}: set SHEAF_FIXTURES`);
  });
}

if (!present) console.warn(`skipped: there are no public fixtures at ${fixtures} (SHEAF_FIXTURES)`);

(present ? describe : describe.skip)('public fixtures', () => {
  it.each([
    ['set-code transactions', 'prague/eip7702', 700],
    ['storage', 'stSStoreTest', 500],
    ['creations', 'stCreate', 900],
    ['CLZ, gas cap, P256VERIFY, modular powers', 'state_tests/osaka', 1_000],
  ])(
    'state tests: %s',
    async (_, filter, casesMin) => {
      const archive = join(fixtures, 'ethereum-state-tests.tar.gz');
      const lines = await command(archive, '--filter', filter);
      expect(lines.filter((line) => !line.startsWith('skipped '))).toEqual([
        expect.stringMatching(/^\d+ passed, 0 failed$/),
      ]);
      expect(parseInt(lines.at(-1)!, 10)).toBeGreaterThan(casesMin);
    },
    timeoutMs,
  );

  it(
    'mainnet blocks: receipts, bloom and gas as their headers say',
    async () => {
      const numbers = [19910734, 19917570, 19923400, 19929064, 19933122];
      const blocks = numbers.map((number) => join(fixtures, `mainnet-blocks/${number}.json.gz`));
      expect(await command(...blocks)).toEqual(['5 passed, 0 failed']);
    },
    timeoutMs,
  );

  it(
    'a block of before Cancun: what @ethereumjs/vm makes of it under the same rules',
    async () => {
      expect(await command(join(fixtures, 'mainnet-blocks/2674998.json.gz'), '--oracle')).toEqual([
        '1 passed, 0 failed',
      ]);
    },
    timeoutMs,
  );
});
