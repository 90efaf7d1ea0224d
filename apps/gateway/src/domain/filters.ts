import { limits, type Hash32, type Height, type Hex } from '@sheaf/primitives';
import { invalidParams, RpcError, rpcCodes } from '../errors.ts';
import type { BlockIndex, IndexedLog } from '../ports.ts';
import type { Heads } from './heads.ts';
import { findLogs, logsBetween } from './logs.ts';
import type { LogFilter } from './params.ts';

/**
 * Filters that clients poll. Each is a cursor into the index, not a queue: what a slow client has not asked for costs nothing. They live in
 * this process, at most `max` at once, and are gone after `idleMs` without a poll.
 */
export interface Filters {
  addLogs(filter: LogFilter): Hex;
  addBlocks(): Hex;
  changes(id: Hex): Promise<{ logs: IndexedLog[] } | { hashes: Hash32[] }>;
  /** All logs of a log filter, as `eth_getLogs` would answer. */
  logs(id: Hex): Promise<IndexedLog[]>;
  /** True when there was one. */
  remove(id: Hex): boolean;
  count(): number;
}

/** `next` is the first height not yet given out. */
type Filter = { next: bigint; usedAt: number } & (
  { kind: 'blocks' } | { kind: 'logs'; filter: LogFilter; to: bigint | undefined }
);

/** Heights that one poll for blocks answers. */
const blockSpanMax = 1_000n;

export function createFilters(
  options: { max: number; idleMs: number },
  deps: { heads: Heads; index: BlockIndex; now: () => number; newId: () => Hex },
): Filters {
  const filters = new Map<Hex, Filter>();

  function add(filter: Filter): Hex {
    expire();
    if (filters.size >= options.max) {
      throw new RpcError(rpcCodes.limit, `${options.max} filters exist already`, { retryAfterMs: options.idleMs });
    }
    const id = deps.newId();
    filters.set(id, filter);
    return id;
  }

  function expire(): void {
    const oldest = deps.now() - options.idleMs;
    for (const [id, { usedAt }] of filters) if (usedAt < oldest) filters.delete(id);
  }

  function use(id: Hex): Filter {
    expire();
    const filter = filters.get(id);
    if (filter === undefined) throw new RpcError(rpcCodes.server, 'filter not found');
    filter.usedAt = deps.now();
    return filter;
  }

  function addLogs(filter: LogFilter): Hex {
    if (filter.blockHash !== undefined) throw invalidParams('filter.blockHash', 'has no meaning in a filter');
    const head = deps.heads.latest().header.number;
    const from = filter.from && 'height' in filter.from ? filter.from.height : undefined;
    const to = filter.to && 'height' in filter.to ? filter.to.height : undefined;
    const next = from !== undefined && from > head ? from : head + 1n;
    return add({ kind: 'logs', filter, to, next, usedAt: deps.now() });
  }

  async function changes(id: Hex): Promise<{ logs: IndexedLog[] } | { hashes: Hash32[] }> {
    const filter = use(id);
    const head = deps.heads.latest().header.number;
    const from = filter.next as Height;
    const span = filter.kind === 'blocks' ? blockSpanMax : limits.logsBlockSpanMax;
    let to = from + span - 1n < head ? from + span - 1n : head;
    if (filter.kind === 'logs' && filter.to !== undefined && filter.to < to) to = filter.to;
    if (from > to) return filter.kind === 'blocks' ? { hashes: [] } : { logs: [] };
    const found =
      filter.kind === 'blocks'
        ? { hashes: await deps.index.blockHashes(from, to as Height) }
        : { logs: await logsBetween(filter.filter.criteria, from, to as Height, deps.index) };
    filter.next = to + 1n;
    return found;
  }

  async function logs(id: Hex): Promise<IndexedLog[]> {
    const filter = use(id);
    if (filter.kind !== 'logs') throw new RpcError(rpcCodes.server, 'filter not found');
    return await findLogs(filter.filter, deps);
  }

  return {
    addLogs,
    addBlocks: () => add({ kind: 'blocks', next: deps.heads.latest().header.number + 1n, usedAt: deps.now() }),
    changes,
    logs,
    remove: (id) => filters.delete(id),
    count: () => filters.size,
  };
}
