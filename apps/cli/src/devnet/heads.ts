import { limits } from '@sheaf/primitives';
import { createJsonRpcClient, JsonRpcError, quantity, type JsonRpcClient } from '../json-rpc.ts';

/** What the user's side of a devnet sees of the chain. */
export interface Heads {
  latest: number;
  safe: number;
  finalized: number;
}

export interface ChainView extends Heads {
  /** Transactions in blocks since the watch began. */
  transactions: number;
  /** Over the last five seconds. */
  transactionsPerSecond: number;
  /** Transactions waiting in the sequencer; undefined when it does not answer. */
  mempool: number | undefined;
}

/** Blocks whose transactions are counted in one observation, as one batch; the rest follow in the next. */
const blocksMax = limits.jsonRpcBatchMax;
const rateWindowMs = 5_000;

/** The heights of the three tags. @throws when the node does not answer */
export async function readHeads(rpc: JsonRpcClient): Promise<Heads> {
  const tags = ['latest', 'safe', 'finalized'];
  const blocks = await rpc.batch<{ number: string } | null>(
    tags.map((tag) => ({ method: 'eth_getBlockByNumber', params: [tag, false] })),
  );
  const [latest = 0, safe = 0, finalized = 0] = blocks.map((block) => {
    if (block instanceof JsonRpcError) throw block;
    return block === null ? 0 : Number(block.number);
  });
  return { latest, safe, finalized };
}

/** Observes a devnet once a call, over JSON-RPC for everything but the mempool. */
export function watchChain(
  options: { rpcUrl: string },
  deps: { mempool: () => Promise<number> },
): () => Promise<ChainView | undefined> {
  const rpc = createJsonRpcClient({ url: options.rpcUrl, timeoutMs: 2_000 });
  const samples: { atMs: number; transactions: number }[] = [];
  let counted: number | undefined;
  let transactions = 0;

  const countUpTo = async (latest: number): Promise<void> => {
    counted ??= latest;
    const heights = Array.from(
      { length: Math.max(0, Math.min(latest - counted, blocksMax)) },
      (_, i) => counted! + 1 + i,
    );
    const counts = await rpc.batch<string>(
      heights.map((height) => ({ method: 'eth_getBlockTransactionCountByNumber', params: [quantity(height)] })),
    );
    for (const [i, count] of counts.entries()) {
      if (typeof count !== 'string') break;
      transactions += Number(count);
      counted = heights[i]!;
    }
  };

  return async () => {
    try {
      const [heads, mempool] = await Promise.all([readHeads(rpc), deps.mempool().catch(() => undefined)]);
      await countUpTo(heads.latest);
      const nowMs = performance.now();
      samples.push({ atMs: nowMs, transactions });
      while (samples.length > 2 && nowMs - samples[0]!.atMs > rateWindowMs) samples.shift();
      const first = samples[0]!;
      const seconds = (nowMs - first.atMs) / 1000;
      return {
        ...heads,
        mempool,
        transactions,
        transactionsPerSecond: seconds > 0 ? (transactions - first.transactions) / seconds : 0,
      };
    } catch {
      return undefined;
    }
  };
}
