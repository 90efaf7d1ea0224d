// Goal: mainnet's blocks come to the same on any number of members, and Cancun's to what their headers say.
// Method: some of the smallest public fixtures through the command on 1, 2 and 16 members. Without the fixtures the tests
// skip, and say so; under CI=true that is a failure.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { replay } from '../src/commands/replay.ts';

const folder = join(process.env['SHEAF_FIXTURES'] ?? join(__dirname, '../../../../shared/fixtures'), 'mainnet-blocks');
const present = existsSync(folder);

if (!present && process.env['CI'] === 'true') {
  it('has the public fixtures', () => {
    throw new Error(`there are no blocks in ${folder}: set SHEAF_FIXTURES`);
  });
}

if (!present) console.warn(`skipped: there are no blocks in ${folder} (SHEAF_FIXTURES)`);

interface Replayed {
  blocks: { number: number; matches: boolean | null; gasUsed: number; receiptsRoot: string; logsBloom: string }[];
}

async function run(numbers: number[], partitions: number) {
  let printed = '';
  const output = { print: (text: string) => (printed += text), say: () => undefined };
  const files = numbers.map((number) => join(folder, `${number}.json.gz`));
  const code = await replay(files, { partitions, json: true }, output);
  const { blocks } = JSON.parse(printed) as Replayed;
  return { code, blocks };
}

(present ? describe : describe.skip)('public blocks', () => {
  it('no transactions, blobs and BLOCKHASH, the first year: on 1, 2 and 16 members', async () => {
    const numbers = [19_910_734, 19_923_400, 930_196];
    const results = ({ blocks }: Awaited<ReturnType<typeof run>>) =>
      blocks.map(({ number, gasUsed, receiptsRoot, logsBloom }) => ({ number, gasUsed, receiptsRoot, logsBloom }));
    const alone = await run(numbers, 1);
    for (const partitions of [2, 16]) {
      const { code, blocks } = await run(numbers, partitions);
      expect({ partitions, code, matches: blocks.map(({ matches }) => matches) }).toEqual({
        partitions,
        code: 0,
        matches: [true, true, null],
      });
      expect(results({ code, blocks })).toEqual(results(alone));
    }
    expect(alone.code).toBe(0);
  });

  it('a sender that is ahead of itself on one member', async () => {
    expect(await run([19_933_122], 1)).toMatchObject({ code: 0, blocks: [{ matches: true }] });
  });

  it.each([2, 16])('a sender that is ahead of itself on %i members', async (partitions) => {
    expect(await run([19_933_122], partitions)).toMatchObject({ code: 0, blocks: [{ matches: true }] });
  });
});
