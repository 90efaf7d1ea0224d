// Goal: whatever becomes of messages and members, a lane's blocks are the sequential ones, byte for byte.
// Method: simulations of the soak (`npm run soak -- partition`), of some seeds; a seed that fails is in the message.
import { warmPrecompiles } from '@sheaf/evm';
import { planOf, runSeed } from './run-seed.ts';
import { addReport, describe as describeTotals, emptyTotals } from './totals.ts';

const first = Number(process.env['SEED'] ?? 1);
const count = Number(process.env['SEEDS'] ?? 16);
/** Found what was wrong once: answers that came a round late. */
const once = process.env['SEEDS'] === undefined ? [31, 49] : [];
const totals = emptyTotals();

beforeAll(() => warmPrecompiles({ pointEvaluation: false }));

test.each([...Array.from({ length: count }, (_, i) => first + i), ...once])('seed %i', async (seed) => {
  addReport(totals, await runSeed(seed, planOf(seed)));
});

test('a seed does the same again', async () => {
  expect(await runSeed(first)).toEqual(await runSeed(first));
});

test('all of it happened', () => {
  if (process.env['SHOW']) console.log(describeTotals(totals));
  if (count < 16) return;
  const { crashes, crashesOfCoordinator, crashesAtCommits, caughtUp, stale, refused, oracleBlocks, rounds } = totals;
  const happened = { crashes, crashesOfCoordinator, crashesAtCommits, caughtUp, stale, refused, oracleBlocks };
  for (const [what, times] of Object.entries(happened)) expect([what, times > 0]).toEqual([what, true]);
  expect(rounds.slice(1, 5).map((times) => times > 0)).toEqual([true, true, true, true]);
});
