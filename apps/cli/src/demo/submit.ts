import { setTimeout as pause } from 'node:timers/promises';
import { limits, type Hex } from '@sheaf/primitives';
import { CliError, messageOf } from '../errors.ts';
import { JsonRpcError, type JsonRpcCall, type JsonRpcClient } from '../json-rpc.ts';
import type { SignedTransaction } from './workload.ts';

/** The parts of an Ethereum receipt that the demo reads. */
export interface RpcReceipt {
  transactionHash: Hex;
  status: Hex;
  blockNumber: Hex;
  gasUsed: Hex;
  effectiveGasPrice: Hex;
  contractAddress: Hex | null;
}

/** The node is not reachable, or says: later. */
const retryCodes = new Set([-32002, -32005]);
/** Answers to a second attempt whose first one was taken, and to one whose predecessor is still to be tried again. */
const acceptedTexts = ['already known', 'nonce too low'];
const retryTexts = ['nonce too high'];

/**
 * Sends transactions in order, in batches, until each is accepted; what the node refuses for now is sent again.
 * @throws CliError naming the first transaction that is refused for good, or still not accepted at the deadline
 */
export async function submitAll(
  rpc: JsonRpcClient,
  transactions: SignedTransaction[],
  deadlineMs: number,
): Promise<void> {
  let waiting = transactions;
  let reason = 'not tried';
  while (waiting.length > 0) {
    if (performance.now() > deadlineMs)
      throw new CliError(`${waiting.length} transactions were not accepted in time: ${reason}`);
    const refused: SignedTransaction[] = [];
    for (const batch of chunks(waiting, limits.jsonRpcBatchMax)) {
      const answers = await batchOrFailure<string>(
        rpc,
        batch.map(({ raw }) => ({ method: 'eth_sendRawTransaction', params: [raw] })),
      );
      for (const [i, answer] of answers.entries()) {
        if (typeof answer === 'string' || acceptedTexts.some((text) => answer.message.startsWith(text))) continue;
        const forNow = retryCodes.has(answer.code) || retryTexts.some((text) => answer.message.startsWith(text));
        if (!forNow) throw new CliError(`transaction ${batch[i]!.hash} was refused: ${answer.message}`);
        reason = answer.message;
        refused.push(batch[i]!);
      }
    }
    waiting = refused;
    if (waiting.length > 0) await pause(200);
  }
}

/**
 * The receipts of all transactions, in their order; `onProgress` hears how many are there.
 * @throws CliError at the deadline
 */
export async function awaitReceipts(
  rpc: JsonRpcClient,
  hashes: Hex[],
  deadlineMs: number,
  onProgress: (received: number) => void = () => {},
): Promise<RpcReceipt[]> {
  const receipts = new Map<Hex, RpcReceipt>();
  for (;;) {
    const missing = hashes.filter((hash) => !receipts.has(hash));
    onProgress(receipts.size);
    if (missing.length === 0) return hashes.map((hash) => receipts.get(hash)!);
    if (performance.now() > deadlineMs)
      throw new CliError(`${missing.length} receipts are missing, the first of ${missing[0]}`);
    for (const batch of chunks(missing, limits.jsonRpcBatchMax)) {
      const answers = await batchOrFailure<RpcReceipt | null>(
        rpc,
        batch.map((hash) => ({ method: 'eth_getTransactionReceipt', params: [hash] })),
      );
      for (const answer of answers) {
        if (answer !== null && !(answer instanceof JsonRpcError)) receipts.set(answer.transactionHash, answer);
      }
    }
    await pause(100);
  }
}

/** A node that cannot be reached answers every call with "unavailable": it may be starting again. */
async function batchOrFailure<T = unknown>(rpc: JsonRpcClient, calls: JsonRpcCall[]): Promise<(T | JsonRpcError)[]> {
  try {
    return await rpc.batch<T>(calls);
  } catch (error) {
    return calls.map(() => new JsonRpcError({ code: -32002, message: messageOf(error) }));
  }
}

/** Consecutive parts of at most `size`. */
export function chunks<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
