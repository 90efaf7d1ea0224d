import { decodeBlock, headerHash, receiptsRoot, transactionsRoot, withdrawalsRoot, type Header } from '@sheaf/ethereum';
import { ChainError, isChainError, toHash32, type Hash32, type Height } from '@sheaf/primitives';
import type { BlockRecord } from '@sheaf/proto';
import type { BucketRange, OpenWant, SnapshotImport } from '@sheaf/state';
import { bucketCount, keccak256, mergeBuckets, type TopNode } from '@sheaf/trie';
import type { Head } from '../ports.ts';
import { snapshotLimits } from '../snapshot-limits.ts';
import type { SnapshotSource } from '../snapshot-ports.ts';

/** A source with the buckets that it has. */
export interface Holder {
  source: SnapshotSource;
  buckets: BucketRange;
}

/** How fetching goes, and what a source did that it is not asked for any more. */
export interface FetchWatch {
  rows(accounts: number, slots: number): void;
  refused(source: SnapshotSource, error: unknown): void;
}

/** Whether they have all of these buckets between them. */
export function cover(holders: readonly Holder[], { first, end }: BucketRange): boolean {
  for (let bucket = first; bucket < end; bucket++) {
    if (!holders.some(({ buckets }) => bucket >= buckets.first && bucket < buckets.end)) return false;
  }
  return true;
}

/**
 * The headers from the height down that a block may read, each the parent of the one before: they are what the hash of the first
 * says.
 * @throws ChainError `DATA_LOSS` naming what is wrong with the source's
 */
export function checkHeaders(headers: readonly Header[], height: Height, genesisHash: Hash32, of: string): Head {
  const wrong = (what: string) => new ChainError({ code: 'DATA_LOSS', message: `${of}: ${what}` });
  const wanted = Math.min(snapshotLimits.headersMax, Number(height) + 1);
  if (headers.length < wanted) throw wrong(`${headers.length} headers from height ${height} down, not ${wanted}`);
  const hashes = headers.map(headerHash);
  headers.forEach(({ number, parentHash }, at) => {
    if (number !== height - BigInt(at)) throw wrong(`header ${at} is of height ${number}, not ${height - BigInt(at)}`);
    if (at + 1 < headers.length && parentHash !== hashes[at + 1]) {
      throw wrong(`header ${number} does not follow the header of height ${number - 1n}`);
    }
    if (number === 0n && hashes[at] !== genesisHash) throw wrong(`genesis is ${hashes[at]}, not ${genesisHash}`);
  });
  return { height, hash: hashes[0]! };
}

/**
 * What hangs at all buckets after the block: it makes the header's state root, or nobody who was asked is believed.
 * @throws ChainError `DATA_LOSS` when they do not make it whoever of them is believed, `UNAVAILABLE` when buckets are left out
 */
export async function fetchTops(
  holders: readonly Holder[],
  { block, stateRoot }: { block: Head; stateRoot: Hash32 },
  { watch, signal }: { watch: FetchWatch; signal: AbortSignal },
): Promise<TopNode[]> {
  const told: { source: SnapshotSource; first: number; tops: readonly TopNode[] }[] = [];
  for (const { source, buckets } of holders) {
    try {
      const { first, tops } = await source.tops(block, signal);
      if (first !== buckets.first || first + tops.length !== buckets.end) {
        const message = `${source.name}: tops of buckets ${first} up to ${first + tops.length}, not ${buckets.first} up to ${buckets.end}`;
        throw new ChainError({ code: 'DATA_LOSS', message });
      }
      told.push({ source, first, tops });
    } catch (error) {
      if (signal.aborted || !isChainError(error)) throw error;
      watch.refused(source, error);
    }
  }
  // Each in turn is believed before all others.
  for (let from = 0; from < told.length; from++) {
    const tops = new Array<TopNode | undefined>(bucketCount).fill(undefined);
    for (const part of [...told.slice(from), ...told.slice(0, from)]) {
      part.tops.forEach((top, at) => (tops[part.first + at] ??= top));
    }
    if (tops.includes(undefined)) {
      throw new ChainError({
        code: 'UNAVAILABLE',
        message: `nobody told what hangs at each bucket at height ${block.height}`,
      });
    }
    if (toHash32(mergeBuckets(tops as TopNode[]).root) === stateRoot) return tops as TopNode[];
  }
  const message = `the tops of the buckets at height ${block.height} do not make the state root ${stateRoot}, whoever is believed`;
  const wrong = new ChainError({ code: 'DATA_LOSS', message });
  for (const { source } of told) watch.refused(source, wrong);
  throw wrong;
}

/**
 * The block as one of them has it whole. Its transactions, withdrawals and receipts are the header's; who sent them, the payload and
 * what was left out of it are the source's word.
 * @throws ChainError `UNAVAILABLE` when nobody has it
 */
export async function fetchBlock(
  holders: readonly Holder[],
  { height, hash }: Head,
  { watch, signal }: { watch: FetchWatch; signal: AbortSignal },
): Promise<BlockRecord & { height: Height }> {
  for (const { source } of holders) {
    try {
      const record = await source.block(height, signal);
      checkBlock(record, { height, hash }, source.name);
      return record;
    } catch (error) {
      if (signal.aborted || !isChainError(error)) throw error;
      // Members but the first of a lane have no blocks.
      if (error.code !== 'UNAVAILABLE') watch.refused(source, error);
    }
  }
  throw new ChainError({
    code: 'UNAVAILABLE',
    message: `nobody has block ${height} whole: name the first member of a lane too`,
  });
}

function checkBlock(record: BlockRecord, { height, hash }: Head, of: string): void {
  const wrong = (what: string) => new ChainError({ code: 'DATA_LOSS', message: `${of}: block ${height}: ${what}` });
  const { header, transactions, withdrawals } = decodeBlock(record.rlp);
  if (record.height !== height || record.hash !== hash || headerHash(header) !== hash) {
    throw wrong(`it is ${headerHash(header)}, not ${hash}`);
  }
  if (transactionsRoot(transactions) !== header.transactionsRoot) throw wrong('its transactions are not the header’s');
  if (header.withdrawalsRoot !== undefined && withdrawalsRoot(withdrawals) !== header.withdrawalsRoot) {
    throw wrong('its withdrawals are not the header’s');
  }
  if (receiptsRoot(record.receipts) !== header.receiptsRoot) throw wrong('its receipts are not the header’s');
  record.receipts.forEach(({ transactionHash }, index) => {
    if (toHash32(keccak256(transactions[index]!)) === transactionHash) return;
    throw wrong(`receipt ${index} is of another transaction`);
  });
}

/**
 * Asks for parts until nothing is open. A source that lies or has another block is not asked again; one that cannot be reached is
 * passed over. What was accepted lasts.
 * @throws ChainError `UNAVAILABLE` when nobody is left or reached, or the disk refuses
 */
export async function fetchParts(
  load: SnapshotImport,
  block: Head,
  holders: readonly Holder[],
  deps: { watch: FetchWatch; signal: AbortSignal; pause(ms: number): Promise<void> },
): Promise<void> {
  const { watch, signal } = deps;
  const asked = new Set(holders);
  /** Who has not the code. */
  const lacking = new WeakMap<OpenWant, Set<Holder>>();
  const has = (holder: Holder, open: OpenWant): boolean => {
    if (open.want.kind === 'codes') return lacking.get(open)?.has(holder) !== true;
    const bucket = bucketOf(open);
    return bucket >= holder.buckets.first && bucket < holder.buckets.end;
  };
  for (let failures = 0, turn = 0; ;) {
    const open = load.wants(snapshotLimits.wantsMax).reverse();
    if (open.length === 0) return;
    const able = [...asked].filter((one) => has(one, open[0]!));
    const holder = able[turn % Math.max(1, able.length)];
    if (holder === undefined || failures > snapshotLimits.failuresMax) {
      const message = `nobody who has ${describe(open[0]!)} at height ${block.height} is left or can be reached`;
      throw new ChainError({ code: 'UNAVAILABLE', message });
    }
    const mine = open.filter((one) => has(holder, one));
    let at = 0;
    let own: { fault: unknown } | undefined;
    try {
      for await (const answer of holder.source.parts(
        block,
        mine.map(({ want }) => want),
        signal,
      )) {
        const before = { accounts: load.accounts, slots: load.slots };
        try {
          load.accept(mine[at]!, answer);
        } catch (error) {
          if (!isLie(error)) own = { fault: error };
          throw error;
        }
        at += 1;
        failures = 0;
        watch.rows(load.accounts - before.accounts, load.slots - before.slots);
      }
    } catch (error) {
      if (own !== undefined) throw own.fault;
      if (signal.aborted || !isChainError(error)) throw error;
      const stopped = mine[at];
      if (error.code === 'NOT_FOUND' && stopped?.want.kind === 'codes') {
        lacking.set(stopped, (lacking.get(stopped) ?? new Set()).add(holder));
      } else if (isLie(error) || error.code === 'NOT_FOUND' || error.code === 'CONFLICT') {
        asked.delete(holder);
        watch.refused(holder.source, error);
      } else {
        failures += 1;
        turn += 1;
        await deps.pause(Math.min(snapshotLimits.retryMsMax, snapshotLimits.retryMsMin * 2 ** failures));
        if (signal.aborted) throw error;
      }
    }
  }
}

function isLie(error: unknown): boolean {
  return isChainError(error) && (error.code === 'DATA_LOSS' || error.code === 'INVALID_ARGUMENT');
}

function bucketOf({ want }: OpenWant): number {
  if (want.kind === 'accounts') return want.position[0]! * 16 + want.position[1]!;
  return want.kind === 'slots' ? want.account[0]! : 0;
}

function describe(open: OpenWant): string {
  return open.want.kind === 'codes' ? 'codes' : `bucket ${bucketOf(open)}`;
}
