// Goal: suggestions and histories follow the recent blocks, as eth_feeHistory is specified.
// Method: an index in memory; figures worked out by hand; a property for the percentiles against a naive expansion.
import type { Height } from '@sheaf/primitives';
import fc from 'fast-check';
import type { BlockFees, BlockIndex, IndexedBlock } from '../ports.ts';
import { createFees, rewardsAt } from './fees.ts';
import type { Heads } from './heads.ts';

const gasLimit = 30_000_000n;

function setUp(blocks: Partial<BlockFees>[]) {
  const all = blocks.map((block, index) => ({
    height: BigInt(index) as Height,
    baseFeePerGas: 1_000n,
    gasUsed: 0n,
    gasLimit,
    rewards: [],
    ...block,
  }));
  let queries = 0;
  const index = {
    fees: (from: Height, to: Height) => {
      queries++;
      return Promise.resolve(all.slice(Number(from), Number(to) + 1));
    },
  } as unknown as BlockIndex;
  const last = all.at(-1)!;
  const latest = { hash: '0x01', header: { number: last.height, ...last } } as unknown as IndexedBlock;
  const heads = { latest: () => latest } as Heads;
  return { fees: createFees({ tipFallbackWei: 77n }, { heads, index }), queries: () => queries };
}

test('suggests the fallback while nothing was paid, else the 60th percentile, once a head', async () => {
  expect(await setUp([{}, {}]).fees.suggestedTip()).toBe(77n);
  const tips = [1n, 2n, 3n, 4n, 5n, 6n].map((tip) => ({ tip, gasUsed: 21_000n }));
  const { fees, queries } = setUp([{}, { rewards: tips.slice(3) }, { rewards: tips.slice(0, 3) }]);
  expect(await fees.suggestedTip()).toBe(4n);
  await fees.suggestedTip();
  expect(queries()).toBe(1);
});

test('the next base fee is EIP-1559s', () => {
  expect(setUp([{ gasUsed: gasLimit }]).fees.nextBaseFee()).toBe(1_125n);
  expect(setUp([{ gasUsed: 0n }]).fees.nextBaseFee()).toBe(875n);
});

test('a history has one base fee more than blocks and stops at genesis', async () => {
  const { fees } = setUp([{ baseFeePerGas: 8n }, { baseFeePerGas: 7n, gasUsed: gasLimit / 2n }]);
  expect(await fees.history(1n as Height, 10n, undefined)).toEqual({
    oldest: 0n,
    baseFees: [8n, 7n, 7n],
    gasUsedRatios: [0, 0.5],
    rewards: undefined,
  });
  expect((await fees.history(1n as Height, 1n, [50])).oldest).toBe(1n);
  expect((await fees.history(1n as Height, 2n, [0, 100])).rewards).toEqual([
    [0n, 0n],
    [0n, 0n],
  ]);
});

test('rewards are percentiles by gas', () => {
  const reward = fc.record({ tip: fc.bigInt({ min: 0n, max: 50n }), gasUsed: fc.bigInt({ min: 1n, max: 20n }) });
  fc.assert(
    fc.property(
      fc.array(reward, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 100 }),
      (rewards, percentile) => {
        const gasUsed = rewards.reduce((total, one) => total + one.gasUsed, 0n);
        // One entry a unit of gas: the percentile is then a plain index.
        const units = rewards
          .flatMap(({ tip, gasUsed: units }) => Array.from({ length: Number(units) }, () => tip))
          .sort((x, y) => Number(x - y));
        const naive = units[Math.max(0, Math.ceil((units.length * percentile) / 100) - 1)];
        const block = { height: 0n as Height, baseFeePerGas: 0n, gasLimit, gasUsed, rewards };
        expect(rewardsAt(block, [percentile])).toEqual([naive]);
      },
    ),
  );
});
