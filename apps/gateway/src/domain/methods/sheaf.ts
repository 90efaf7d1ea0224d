import type { Hash32 } from '@sheaf/primitives';
import type { Head } from '../../ports.ts';
import { quantity } from '../json.ts';
import { method, type Method } from '../json-rpc.ts';
import { hash, required } from '../params.ts';
import type { Gateway, Json } from './gateway.ts';

/** What Ethereum has no method for: heads at once, the stage of a transaction, the condition of the chain. */
export function sheafMethods(gateway: Gateway): Record<string, Method> {
  return {
    sheaf_heads: method([], () => headsJson(gateway)),
    sheaf_getTransactionStatus: method([required('hash', hash)], ([wanted], { signal }) =>
      transactionStatus(gateway, wanted, signal),
    ),
    sheaf_status: method([], (_, { signal }) => status(gateway, signal)),
  };
}

function headsJson({ heads }: Gateway): Json {
  const latest = heads.latest();
  return {
    latest: headJson({ height: latest.header.number, hash: latest.hash }),
    safe: headJson(heads.safe()),
    finalized: headJson(heads.finalized()),
  };
}

function headJson({ height, hash }: Head): Json {
  return { number: quantity(height), hash };
}

/** Stages: unknown, pending, sealed, included, safe, finalized, dropped, replaced. */
async function transactionStatus(gateway: Gateway, wanted: Hash32, signal: AbortSignal): Promise<Json> {
  const { heads, index, ordering } = gateway;
  const found = await index.transactionByHash(wanted);
  if (found) {
    const { height } = found;
    const stage =
      height <= heads.finalized().height ? 'finalized' : height <= heads.safe().height ? 'safe' : 'included';
    return { hash: wanted, stage, height: quantity(height), reason: null };
  }
  const known = await ordering.transaction(wanted, signal);
  if (!known) return { hash: wanted, stage: 'unknown', height: null, reason: null };
  const height = known.height === undefined ? null : quantity(known.height);
  return { hash: wanted, stage: known.stage, height, reason: known.reason || null };
}

async function status(gateway: Gateway, signal: AbortSignal): Promise<Json> {
  const sequencer = await gateway.ordering.status(signal);
  return {
    chainId: quantity(gateway.chainId),
    version: gateway.version,
    heads: headsJson(gateway),
    divergence: gateway.heads.divergence() ?? null,
    sequencer: {
      sealed: quantity(sequencer.sealedHeight),
      executed: quantity(sequencer.executedHeight),
      safe: quantity(sequencer.safeHeight),
      finalized: quantity(sequencer.finalizedHeight),
      epoch: quantity(sequencer.epoch),
      mempoolTransactions: quantity(sequencer.mempoolTransactions),
      nextBaseFeePerGas: quantity(sequencer.nextBaseFeePerGas),
    },
  };
}
