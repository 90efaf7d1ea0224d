import { limits, type Height } from '@sheaf/primitives';
import { invalidParams, RpcError, rpcCodes } from '../errors.ts';
import type { BlockIndex, ExecutedBlock, IndexedLog, LogCriteria } from '../ports.ts';
import { findHeight } from './block-ref.ts';
import type { Heads } from './heads.ts';
import type { LogFilter } from './params.ts';

/** True when the log has one of the addresses and, at every position, one of the topics. */
export function matches(log: Pick<IndexedLog, 'address' | 'topics'>, criteria: LogCriteria): boolean {
  if (criteria.addresses.length > 0 && !criteria.addresses.includes(log.address)) return false;
  if (criteria.topics.length > log.topics.length) return false;
  return criteria.topics.every((alternatives, position) => {
    const topic = log.topics[position];
    return topic !== undefined && (alternatives === undefined || alternatives.includes(topic));
  });
}

/** The logs of a block with their places. */
export function logsOfBlock(block: ExecutedBlock): IndexedLog[] {
  let logIndex = 0;
  return block.receipts.flatMap((receipt, transactionIndex) =>
    receipt.logs.list().map((log) => ({
      ...log,
      height: block.header.number,
      blockHash: block.hash,
      timestamp: block.header.timestamp,
      transactionHash: receipt.transactionHash,
      transactionIndex,
      logIndex: logIndex++,
    })),
  );
}

/** Answers `eth_getLogs`. @throws RpcError when the range or the answer is over its limit, or a block is unknown */
export async function findLogs(filter: LogFilter, deps: { heads: Heads; index: BlockIndex }): Promise<IndexedLog[]> {
  const range = await logRange(filter, deps);
  if (range === undefined) return [];
  return await logsBetween(filter.criteria, range.from, range.to, deps.index);
}

/** As `BlockIndex.findLogs`, with the limit as an error. */
export async function logsBetween(
  criteria: LogCriteria,
  from: Height,
  to: Height,
  index: BlockIndex,
): Promise<IndexedLog[]> {
  const logs = await index.findLogs(criteria, from, to, limits.logsResultMax + 1);
  if (logs.length > limits.logsResultMax) {
    throw new RpcError(rpcCodes.limit, `query returned more than ${limits.logsResultMax} results`);
  }
  return logs;
}

async function logRange(
  filter: LogFilter,
  deps: { heads: Heads; index: BlockIndex },
): Promise<{ from: Height; to: Height } | undefined> {
  if (filter.blockHash !== undefined) {
    const height = await findHeight({ hash: filter.blockHash }, deps);
    if (height === undefined) throw new RpcError(rpcCodes.server, 'unknown block');
    return { from: height, to: height };
  }
  const head = deps.heads.latest().header.number;
  const from = await boundary(filter.from, 'filter.fromBlock', deps);
  // What lies above the head is empty, not an error: followers ask up to a height that comes later.
  const to = (await boundary(filter.to, 'filter.toBlock', deps)) ?? head;
  if (from === undefined || from > to) {
    if (isAbove(filter)) throw invalidParams('filter.fromBlock', 'is above toBlock');
    return undefined;
  }
  const span = to - from + 1n;
  if (span > limits.logsBlockSpanMax) {
    throw invalidParams('filter.toBlock', `spans ${span} blocks, at most ${limits.logsBlockSpanMax}`);
  }
  return { from, to };
}

async function boundary(
  ref: LogFilter['from'],
  name: string,
  deps: { heads: Heads; index: BlockIndex },
): Promise<Height | undefined> {
  const height = await findHeight(ref ?? { tag: 'latest' }, deps);
  if (height === undefined && ref && 'hash' in ref) throw invalidParams(name, 'must be a number or a tag, not a hash');
  return height;
}

function isAbove({ from, to }: LogFilter): boolean {
  return from !== undefined && to !== undefined && 'height' in from && 'height' in to && from.height > to.height;
}
