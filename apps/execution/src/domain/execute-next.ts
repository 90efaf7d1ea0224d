import { ChainError, toHeight, type Height } from '@sheaf/primitives';
import { headerHash, type Header } from '@sheaf/ethereum';
import { blockFromWire, executionV1, type BlockRecord } from '@sheaf/proto';
import type { BlockStore, BlockWriter, CommittedBlock, Executed, ExecutionEngine, HashedPayload } from '../ports.ts';

const ancestorsMax = 256;

/** Executes the payload after the head and commits it; a payload that was executed before gives its block again. */
export async function executeNext(
  { payload, hash, senders }: HashedPayload,
  published: bigint,
  deps: { engine: ExecutionEngine; store: BlockWriter; ancestors: Ancestors },
): Promise<Omit<Executed, 'state'>> {
  const { engine, store } = deps;
  store.refresh();
  const head = store.head();
  if (payload.height <= head.height) return executedBefore({ payload, hash }, store);
  if (payload.height !== head.height + 1n) {
    throw new ChainError({
      code: 'CONFLICT',
      message: `payload ${payload.height} does not follow block ${head.height}`,
    });
  }
  const ancestors = deps.ancestors.upTo(head.height);
  const input = { payload, payloadHash: hash, parent: ancestors[0]!, ancestors, ...(senders && { senders }) };
  const draft = store.draft();
  const { block, accessList, headers } = await engine.executePayload(input, draft);
  const record = { ...block, height: payload.height };
  const committed = { record, header: block.header, payload, accessList, ancestorsRead: headers.length, published };
  store.commit(committed satisfies CommittedBlock, draft);
  return summary(record, block.header);
}

/** Headers from a height down, kept in memory while they are recent. */
export interface Ancestors {
  /** At most 256, by falling height, the one at `height` first. @throws ChainError `DATA_LOSS` when one is missing */
  upTo(height: bigint): Header[];
}

export function readAncestors(store: Pick<BlockStore, 'header'>): Ancestors {
  const kept = new Map<bigint, Header>();
  const read = (height: bigint): Header => {
    const header = kept.get(height) ?? store.header(toHeight(height));
    if (header === undefined) throw new ChainError({ code: 'DATA_LOSS', message: `header ${height} is missing` });
    kept.set(height, header);
    return header;
  };
  return {
    upTo(height) {
      const headers: Header[] = [];
      for (let at = height; at >= 0n && headers.length < ancestorsMax; at -= 1n) headers.push(read(at));
      // Insertion order is age: the oldest go first.
      for (const old of kept.keys()) {
        if (kept.size <= 4 * ancestorsMax) break;
        kept.delete(old);
      }
      return headers;
    },
  };
}

/** A member of a lane that is not its coordinator has the header alone: no transactions are counted there. */
export function executedBefore(
  { payload, hash }: Pick<HashedPayload, 'payload' | 'hash'>,
  store: Pick<BlockStore, 'block' | 'header'>,
  member = 0,
): Omit<Executed, 'state'> {
  const { height } = payload;
  const stored = store.block(height);
  const header = store.header(height);
  if (header !== undefined && member > 0) {
    return { height, hash: headerHash(header), transactions: 0, gasUsed: header.gasUsed, droppedReasons: [] };
  }
  if (stored === undefined || header === undefined) {
    throw new ChainError({ code: 'DATA_LOSS', message: `block ${height} is missing` });
  }
  const record = blockFromWire(executionV1.Block.decode(stored), 'block');
  if (record.payloadHash !== hash) {
    throw new ChainError({
      code: 'CONFLICT',
      message: `payload ${hash} at height ${height}, where ${record.payloadHash} was executed`,
    });
  }
  return summary(record, header);
}

function summary(record: BlockRecord, header: Header): Omit<Executed, 'state'> {
  return {
    height: record.height as Height,
    hash: record.hash,
    transactions: record.receipts.length,
    gasUsed: header.gasUsed,
    droppedReasons: record.dropped.map(({ reason }) => reason),
  };
}
