import { setTimeout as pause } from 'node:timers/promises';
import { readHeads } from '../devnet/heads.ts';
import { createJsonRpcClient } from '../json-rpc.ts';

/** The furthest that the heads were apart. */
export interface HeadLags {
  safe: number;
  finalized: number;
}

/** Observes the heads four times a second until stopped. An observation that fails is left out. */
export function watchHeadLags(rpcUrl: string): { stop(): Promise<HeadLags> } {
  const rpc = createJsonRpcClient({ url: rpcUrl, timeoutMs: 1_000 });
  const stopping = new AbortController();
  const lags: HeadLags = { safe: 0, finalized: 0 };
  const observe = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const heads = await readHeads(rpc).catch(() => undefined);
      if (heads) {
        lags.safe = Math.max(lags.safe, heads.latest - heads.safe);
        lags.finalized = Math.max(lags.finalized, heads.latest - heads.finalized);
      }
      await pause(250, undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const observing = observe();
  return {
    async stop() {
      stopping.abort();
      await observing;
      return lags;
    },
  };
}
