// Goal: the witness of a real block suffices to make it again, root and receipts, and a witness that lacks any one node,
// storage or code of what it had is refused, never another root.
// Method: blocks of mainnet on their pre-state in a store; again on the decoded witness alone; again with one piece gone.
// SHEAF_WITNESS_LOSSES says how many pieces of each block are tried.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loseNode, remake, witnessBlock } from '../../src/conformance/check-witness.ts';
import type { JsonObject } from '../../src/conformance/json.ts';
import { readMainnetBlock } from '../../src/conformance/mainnet-block.ts';
import { warmPrecompiles } from '@sheaf/evm';

const workspaceRoot = join(__dirname, '../../../..');
const fixtures = process.env['SHEAF_FIXTURES'] ?? join(workspaceRoot, '../shared/fixtures');
const folder = join(fixtures, 'mainnet-blocks');
const losses = Number(process.env['SHEAF_WITNESS_LOSSES'] ?? 1);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json.gz')) : [];

beforeAll(() => warmPrecompiles({ pointEvaluation: true }), 60_000);

test('there are blocks', () => {
  if (files.length === 0 && process.env['CI'] !== 'true')
    console.warn(`skipped: no blocks in ${folder} (SHEAF_FIXTURES)`);
  else expect(files.length).toBeGreaterThan(0);
});

if (files.length > 0) {
  test.each(files)(
    '%s',
    (name) => {
      const fixture = JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString()) as JsonObject;
      const block = readMainnetBlock(fixture);
      const witnessed = witnessBlock(block);
      const { ran, witness } = witnessed;
      const again = remake(block, witnessed, witness);
      expect(again.receiptsRoot).toBe(ran.receiptsRoot);
      if (block.expected !== undefined) expect(again.receiptsRoot).toBe(block.expected.receiptsRoot);
      expect(again.stateRoot).toBe(ran.stateRoot);
      const lost = expect.objectContaining({ code: 'DATA_LOSS' });
      for (let round = 0; round < losses; round++) {
        const pick = round * 7_919 + Number.parseInt(name, 10);
        const pieces = [loseNode(witness, pick), without(witness, 'storages', pick), without(witness, 'codes', pick)];
        const piece = pieces.filter((one) => one !== undefined)[round % 3];
        if (piece !== undefined) expect(() => remake(block, witnessed, piece)).toThrow(lost);
      }
    },
    120_000,
  );
}

function without<Witness extends { storages: unknown[]; codes: unknown[] }>(
  witness: Witness,
  list: 'storages' | 'codes',
  pick: number,
): Witness | undefined {
  const length = witness[list].length;
  return length === 0 ? undefined : { ...witness, [list]: witness[list].filter((_, i) => i !== pick % length) };
}
