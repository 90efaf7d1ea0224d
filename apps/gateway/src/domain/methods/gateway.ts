import type { BlockIndex, BlockSource, Ordering, StateReader, TraceSource } from '../../ports.ts';
import type { Fees } from '../fees.ts';
import type { Filters } from '../filters.ts';
import type { Heads } from '../heads.ts';
import type { Submitter } from '../submitter.ts';

/** What the methods stand on. */
export interface Gateway {
  chainId: bigint;
  /** Of the build, for `web3_clientVersion`. */
  version: string;
  heads: Heads;
  index: BlockIndex;
  state: StateReader;
  traces: TraceSource;
  blocks: Pick<BlockSource, 'head'>;
  ordering: Ordering;
  submitter: Submitter;
  fees: Fees;
  filters: Filters;
}

/** A JSON object with its keys in the order written. */
export type Json = Record<string, unknown>;
