import { nextBaseFee } from '@sheaf/ethereum';
import type { Height } from '@sheaf/primitives';
import type { BlockFees, BlockIndex, IndexedBlock } from '../ports.ts';
import type { Heads } from './heads.ts';

/** What to pay. Amounts in wei. */
export interface Fees {
  /** Base fee of the next block. */
  nextBaseFee(): bigint;
  /** A priority fee that recent blocks took; computed once a head. */
  suggestedTip(): Promise<bigint>;
  history(newest: Height, count: bigint, percentiles: readonly number[] | undefined): Promise<FeeHistory>;
}

export interface FeeHistory {
  oldest: bigint;
  /** One more than there are blocks: the last is the block's after the newest. */
  baseFees: bigint[];
  gasUsedRatios: number[];
  /** Per block, per percentile; absent when no percentiles were asked for. */
  rewards: bigint[][] | undefined;
}

/** Blocks that a suggestion looks back on, and the share of their transactions that paid less (geth's figures). */
const suggestionBlocks = 20n;
const suggestionPercentile = 60;
/** geth never suggests more than 500 gwei. */
const suggestionMax = 500_000_000_000n;
/** Blocks that one fee history spans (geth's figure). */
export const historyBlocksMax = 1_024n;

export function createFees(options: { tipFallbackWei: bigint }, deps: { heads: Heads; index: BlockIndex }): Fees {
  let suggestion: { hash: string; tip: Promise<bigint> } | undefined;

  function suggestedTip(): Promise<bigint> {
    const head = deps.heads.latest();
    if (suggestion?.hash !== head.hash) {
      const tip = suggest(head.header.number);
      suggestion = { hash: head.hash, tip };
      tip.catch(() => (suggestion = undefined));
    }
    return suggestion!.tip;
  }

  async function suggest(head: Height): Promise<bigint> {
    const from = head >= suggestionBlocks ? head - suggestionBlocks + 1n : 0n;
    const blocks = await deps.index.fees(from as Height, head, true);
    const tips = blocks.flatMap(({ rewards }) => rewards.map(({ tip }) => tip)).sort(ascending);
    const tip = tips[Math.floor(((tips.length - 1) * suggestionPercentile) / 100)] ?? options.tipFallbackWei;
    return tip > suggestionMax ? suggestionMax : tip;
  }

  async function history(
    newest: Height,
    count: bigint,
    percentiles: readonly number[] | undefined,
  ): Promise<FeeHistory> {
    const wanted = count > historyBlocksMax ? historyBlocksMax : count;
    const oldest = newest + 1n > wanted ? newest + 1n - wanted : 0n;
    const blocks = await deps.index.fees(oldest as Height, newest, percentiles !== undefined);
    const last = blocks.at(-1);
    return {
      oldest,
      baseFees: [...blocks.map(({ baseFeePerGas }) => baseFeePerGas), ...(last ? [nextBaseFee(last)] : [])],
      gasUsedRatios: blocks.map(({ gasUsed, gasLimit }) => Number(gasUsed) / Number(gasLimit)),
      rewards: percentiles && blocks.map((block) => rewardsAt(block, percentiles)),
    };
  }

  return { nextBaseFee: () => baseFeeAfter(deps.heads.latest()), suggestedTip, history };
}

export function baseFeeAfter(block: IndexedBlock): bigint {
  return nextBaseFee(block.header);
}

/** Tips at the percentiles of the block's gas: sorted by tip, weighted by the gas used. Zeros for an empty block. */
export function rewardsAt(block: BlockFees, percentiles: readonly number[]): bigint[] {
  const sorted = [...block.rewards].sort((a, b) => ascending(a.tip, b.tip));
  let position = 0;
  let gas = sorted[0]?.gasUsed ?? 0n;
  return percentiles.map((percentile) => {
    if (sorted.length === 0) return 0n;
    const threshold = (Number(block.gasUsed) * percentile) / 100;
    while (Number(gas) < threshold && position < sorted.length - 1) gas += sorted[++position]!.gasUsed;
    return sorted[position]!.tip;
  });
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
