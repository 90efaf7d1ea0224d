import { decodeTransaction, recoverSender, type Transaction } from '@sheaf/ethereum';
import { isChainError, limits, type Hash32 } from '@sheaf/primitives';
import { malformedReason, refused } from '../../errors.ts';
import { findHeight } from '../block-ref.ts';
import { receiptJson, transactionJson } from '../json.ts';
import { method, type Method } from '../json-rpc.ts';
import { blockName, bytes, hash, required, uint64, type BlockRef } from '../params.ts';
import { includedJson } from './blocks.ts';
import type { Gateway, Json } from './gateway.ts';

/** Sending and finding transactions. */
export function transactionMethods(gateway: Gateway): Record<string, Method> {
  const index = required('index', uint64);
  return {
    eth_sendRawTransaction: method([required('transaction', rawTransaction)], ([raw]) => send(gateway, raw)),
    eth_getTransactionByHash: method([required('hash', hash)], ([wanted], { signal }) =>
      transactionByHash(gateway, wanted, signal),
    ),
    eth_getTransactionByBlockHashAndIndex: method([required('blockHash', hash), index], ([blockHash, position]) =>
      transactionAt(gateway, { hash: blockHash }, position),
    ),
    eth_getTransactionByBlockNumberAndIndex: method([required('block', blockName), index], ([ref, position]) =>
      transactionAt(gateway, ref, position),
    ),
    eth_getTransactionReceipt: method([required('hash', hash)], ([wanted]) => receipt(gateway, wanted)),
  };
}

/** One byte more than allowed passes the parser, so that the refusal below can speak of the transaction. */
const rawTransaction = bytes(Math.floor(limits.jsonRpcBodyBytesMax / 2));

/** Refuses what needs no state, then asks the sequencer. Not async up to the queue: order of arrival is order of sending. */
function send(gateway: Gateway, raw: Uint8Array): Promise<Hash32> {
  const transaction = decode(raw);
  if (transaction.chainId !== undefined && transaction.chainId !== gateway.chainId) {
    throw refused('WRONG_CHAIN', `have ${transaction.chainId} want ${gateway.chainId}`);
  }
  if (transaction.type === 3) throw refused('BLOB_TRANSACTION', 'blob transactions are not accepted');
  return gateway.submitter.submit(raw).then((outcome) => {
    if (outcome.accepted) return transaction.hash;
    throw refused(outcome.reason, outcome.message, outcome.retryAfterMs);
  });
}

function decode(raw: Uint8Array): Transaction {
  if (raw.length > limits.transactionBytesMax) {
    throw refused('TRANSACTION_TOO_LARGE', `transaction size ${raw.length}, limit ${limits.transactionBytesMax}`);
  }
  try {
    return decodeTransaction(raw);
  } catch (error) {
    if (!isChainError(error) || error.detail.code !== 'INVALID_ARGUMENT') throw error;
    throw refused(malformedReason(error.detail.field), error.message);
  }
}

async function transactionByHash(gateway: Gateway, wanted: Hash32, signal: AbortSignal): Promise<Json | null> {
  const found = await gateway.index.transactionByHash(wanted);
  if (found) {
    const block = await gateway.index.blockByHeight(found.height);
    return block ? includedJson(found, block) : null;
  }
  const waiting = await gateway.ordering.transaction(wanted, signal);
  // An included one that the index lacks is on its way there: pending until a block can be named.
  if (!waiting || waiting.stage === 'dropped' || waiting.stage === 'replaced') return null;
  const transaction = decodeTransaction(waiting.raw);
  return transactionJson(transaction, recoverSender(transaction), undefined);
}

async function transactionAt(gateway: Gateway, ref: BlockRef, position: bigint): Promise<Json | null> {
  const height = await findHeight(ref, gateway);
  if (height === undefined || position > BigInt(limits.payloadTransactionsMax)) return null;
  const [found, block] = await Promise.all([
    gateway.index.transactionAt(height, Number(position)),
    gateway.index.blockByHeight(height),
  ]);
  return found && block ? includedJson(found, block) : null;
}

async function receipt(gateway: Gateway, wanted: Hash32): Promise<Json | null> {
  const found = await gateway.index.transactionByHash(wanted);
  return found ? receiptJson(found, await gateway.index.logsOf(found.height, found.index)) : null;
}
