import { ChainError, isChainError, type Height } from '@sheaf/primitives';
import type { ExecutedBlock, Head, IndexedBlock, IndexWriter } from '../ports.ts';

/** What a new block tells those who listen. */
export type HeadListener = (block: ExecutedBlock) => void;

/**
 * The heads as this gateway answers them, and the only writer of the index. `latest` moves when the block is in the index, so a receipt can be
 * read as soon as its number is known; `safe` and `finalized` wait for `latest`, so they never name a block that cannot be read.
 */
export interface Heads {
  /** The indexed head. @throws ChainError `UNAVAILABLE` before genesis is indexed */
  latest(): IndexedBlock;
  /** Genesis until the first certificate. */
  safe(): Head;
  /** Genesis until the first finality record. */
  finalized(): Head;
  /** True once genesis is indexed. */
  ready(): boolean;
  /** What two sources disagree about; `undefined` while they agree. */
  divergence(): string | undefined;
  /** Indexes the next block. Idempotent. @throws ChainError `CONFLICT` on another block at an indexed height: recorded as a divergence */
  append(block: ExecutedBlock): Promise<void>;
  /** Every block up to `height` is certified available, and `payloadHash` is the last one's. Waits until it is indexed. */
  certified(height: Height, payloadHash: string, signal: AbortSignal): Promise<void>;
  /** The block is final. Waits until it is indexed. */
  finalize(head: Head, signal: AbortSignal): Promise<void>;
  /** Notes that another source has a different block. */
  diverged(what: string): ChainError;
  listen(listener: HeadListener): () => void;
}

/** Opens the heads as the index has them. */
export async function openHeads(deps: {
  index: IndexWriter;
  onHead?: (name: 'latest' | 'safe' | 'finalized', height: Height) => void;
  onDivergence?: (what: string) => void;
}): Promise<Heads> {
  const { index } = deps;
  // `latest` last: another replica may be writing, and neither of the others may be above it.
  let safe = await index.head('safe');
  let finalized = await index.head('finalized');
  let latest = await index.latest();
  let divergence: string | undefined;
  const listeners = new Set<HeadListener>();
  const waiting = new Set<() => void>();
  if (latest) deps.onHead?.('latest', latest.header.number);
  if (safe) deps.onHead?.('safe', safe.height);
  if (finalized) deps.onHead?.('finalized', finalized.height);

  function latestBlock(): IndexedBlock {
    if (latest) return latest;
    throw new ChainError({ code: 'UNAVAILABLE', message: 'no block is indexed yet' });
  }

  async function append(block: ExecutedBlock): Promise<void> {
    if (divergence) throw new ChainError({ code: 'CONFLICT', message: divergence });
    try {
      await index.append(block);
    } catch (error) {
      if (isChainError(error, 'CONFLICT')) throw diverged(error.message);
      throw error;
    }
    // Another replica may have indexed further; this one's own view only grows.
    if (latest && latest.header.number >= block.header.number) return;
    latest = summary(block);
    genesis ??= block.header.number === 0n ? block : undefined;
    deps.onHead?.('latest', block.header.number);
    for (const wake of waiting) wake();
    for (const listener of listeners) listener(block);
  }

  async function certified(height: Height, payloadHash: string, signal: AbortSignal): Promise<void> {
    const block = await indexedAt(height, signal);
    if (block.payloadHash !== payloadHash) {
      throw diverged(
        `the certificate of height ${height} is for payload ${payloadHash}, the block's is ${block.payloadHash}`,
      );
    }
    if (safe && safe.height >= height) return;
    safe = { height, hash: block.hash };
    await index.advance('safe', safe);
    deps.onHead?.('safe', height);
  }

  async function finalize(head: Head, signal: AbortSignal): Promise<void> {
    const block = await indexedAt(head.height, signal);
    if (block.hash !== head.hash) {
      throw diverged(`settlement finalized ${head.hash} at height ${head.height}, the indexed block is ${block.hash}`);
    }
    if (finalized && finalized.height >= head.height) return;
    finalized = head;
    await index.advance('finalized', head);
    deps.onHead?.('finalized', head.height);
  }

  async function indexedAt(height: Height, signal: AbortSignal): Promise<Head & { payloadHash: string }> {
    await reached(height, signal);
    const found = await index.refAt(height);
    if (!found) throw new ChainError({ code: 'INTERNAL', message: `height ${height} is not in the index` });
    return { height, ...found };
  }

  function reached(height: Height, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void): void => {
        waiting.delete(check);
        signal.removeEventListener('abort', abort);
        settle();
      };
      const abort = (): void =>
        done(() => reject(new ChainError({ code: 'UNAVAILABLE', message: 'the gateway is stopping' })));
      const check = (): void => {
        if (latest && latest.header.number >= height) done(resolve);
      };
      if (signal.aborted) return abort();
      waiting.add(check);
      signal.addEventListener('abort', abort, { once: true });
      check();
    });
  }

  function diverged(what: string): ChainError {
    if (divergence === undefined) {
      divergence = what;
      deps.onDivergence?.(what);
    }
    return new ChainError({ code: 'CONFLICT', message: what });
  }

  let genesis = await index.refAt(0n as Height);
  function orGenesis(head: Head | undefined): Head {
    if (head) return head;
    return { height: 0n as Height, hash: genesis?.hash ?? latestBlock().hash };
  }

  return {
    latest: latestBlock,
    safe: () => orGenesis(higher(safe, finalized)),
    finalized: () => orGenesis(finalized),
    ready: () => latest !== undefined,
    divergence: () => divergence,
    append,
    certified,
    finalize,
    diverged,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** What is final is available too, even when its certificate has not been seen here yet. */
function higher(a: Head | undefined, b: Head | undefined): Head | undefined {
  if (!a || !b) return a ?? b;
  return a.height >= b.height ? a : b;
}

function summary(block: ExecutedBlock): IndexedBlock {
  return {
    hash: block.hash,
    payloadHash: block.payloadHash,
    header: block.header,
    withdrawals: block.withdrawals,
    sizeBytes: block.sizeBytes,
    transactionHashes: block.receipts.map(({ transactionHash }) => transactionHash),
  };
}
