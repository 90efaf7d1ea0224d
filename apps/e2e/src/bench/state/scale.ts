/** How much is measured. */
export interface Sizes {
  /** Of the trie or the store, for every row that does not say another. */
  accounts: number;
  /** In a block: each takes two accounts that no other transfer of the block has. */
  transfers: number;
  /** Before the first block that counts: more than the heights kept, so that old journals are dropped too. */
  warmUpBlocks: number;
  growth: readonly number[];
  /** Until the upper levels are in the cache, whatever the number of accounts. */
  growthWarmUpBlocks: number;
  /** For `open`. */
  accountsOpened: number;
  /** At most so many blocks are in the journal alone when the store is opened after a crash. */
  blocksReplayedMax: number;
  contracts: number;
  slotsPerContract: number;
  /** Reads of one sample. */
  reads: number;
}

export type ScaleName = 'full' | 'small';

/** `full` is what the bars are for; `small` takes seconds and only shows that everything works. */
export const scales: Readonly<Record<ScaleName, Sizes>> = {
  full: {
    accounts: 1_000_000,
    transfers: 5_000,
    warmUpBlocks: 140,
    growth: [10_000, 100_000, 1_000_000, 10_000_000],
    growthWarmUpBlocks: 24,
    accountsOpened: 10_000_000,
    blocksReplayedMax: 64,
    contracts: 20,
    slotsPerContract: 50_000,
    reads: 20_000,
  },
  small: {
    accounts: 20_000,
    transfers: 250,
    warmUpBlocks: 2,
    growth: [1_000, 20_000],
    growthWarmUpBlocks: 1,
    accountsOpened: 20_000,
    blocksReplayedMax: 2,
    contracts: 3,
    slotsPerContract: 300,
    reads: 2_000,
  },
};
