import type { Height } from '@sheaf/primitives';
import { RpcError, rpcCodes } from '../../errors.ts';
import type { TraceOptions, TransactionTrace } from '../../ports.ts';
import { findHeight } from '../block-ref.ts';
import { method, RawJson, type Method } from '../json-rpc.ts';
import { blockName, block, call, hash, optional, required, type BlockRef } from '../params.ts';
import { callTraceConfig, defaultTrace, traceConfig } from '../trace-params.ts';
import type { Gateway } from './gateway.ts';

/** What ran, run again and told. Every trace is made by execution; nothing of it is looked at here. */
export function debugMethods(gateway: Gateway): Record<string, Method> {
  const { traces, index } = gateway;
  const config = optional('config', traceConfig, defaultTrace);
  const traceBlock = async (ref: BlockRef, options: TraceOptions, signal: AbortSignal): Promise<RawJson> =>
    blockJson(await traces.traceBlock(await traceable(ref, gateway), undefined, options, signal));
  return {
    debug_traceTransaction: method([required('hash', hash), config], async ([wanted, options], { signal }) => {
      const found = await index.transactionByHash(wanted);
      if (found === undefined) throw new RpcError(rpcCodes.server, 'transaction not found');
      const [trace] = await traces.traceBlock(found.height, found.index, options, signal);
      return new RawJson(trace!.json);
    }),
    debug_traceBlockByNumber: method([required('block', blockName), config], ([ref, options], { signal }) =>
      traceBlock(ref, options, signal),
    ),
    debug_traceBlockByHash: method([required('blockHash', hash), config], ([wanted, options], { signal }) =>
      traceBlock({ hash: wanted }, options, signal),
    ),
    debug_traceCall: method(
      [
        required('transaction', call),
        required('block', block),
        optional('config', callTraceConfig, { ...defaultTrace, overrides: [] }),
      ],
      async ([message, ref, { overrides, ...options }], { signal }) => {
        const height = await heightOf(ref, gateway);
        return new RawJson(await traces.traceCall(height, { ...message, overrides }, options, signal));
      },
    ),
  };
}

/** @throws RpcError -32000 in geth's words */
async function traceable(ref: BlockRef, gateway: Gateway): Promise<Height> {
  const height = await heightOf(ref, gateway);
  if (height === 0n) throw new RpcError(rpcCodes.server, 'genesis is not traceable');
  return height;
}

/** @throws RpcError -32000 in geth's words */
async function heightOf(ref: BlockRef, gateway: Gateway): Promise<Height> {
  if ('tag' in ref && ref.tag === 'pending') {
    throw new RpcError(rpcCodes.server, 'tracing on top of pending is not supported');
  }
  const height = await findHeight(ref, gateway);
  if (height !== undefined) return height;
  const name = 'hash' in ref ? ref.hash : 'height' in ref ? `#${ref.height}` : ref.tag;
  throw new RpcError(rpcCodes.server, `block ${name} not found`);
}

function blockJson(traces: readonly TransactionTrace[]): RawJson {
  return new RawJson(
    `[${traces.map(({ hash: txHash, json }) => `{"txHash":"${txHash}","result":${json}}`).join(',')}]`,
  );
}
