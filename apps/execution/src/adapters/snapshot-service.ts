import { encodeHeader, headerHash, type Header } from '@sheaf/ethereum';
import { ChainError, toHeight, type Hash32, type Height } from '@sheaf/primitives';
import { blockRefFromWire, blockRefToWire, hexToBuffer, snapshotV1, toBuffer, wire, type commonV1 } from '@sheaf/proto';
import { implement, type CallContext, type ServiceImplementation } from '@sheaf/rpc';
import { encodeTops, ownTops, type BucketRange } from '@sheaf/state';
import type { HeadWatch } from '../domain/head.ts';
import type { BlockStore, Caller } from '../ports.ts';
import { snapshotLimits } from '../snapshot-limits.ts';

const retryAfterMs = 200;

/**
 * The member's state for members that have none. No block waits for it: parts are read in the threads of calls, one at a time a
 * stream, and nothing is remembered from one to the next.
 */
export function createSnapshotService(
  options: { buckets: BucketRange },
  deps: { store: BlockStore; head: HeadWatch; caller: Caller },
): ServiceImplementation {
  const { store, head, caller } = deps;
  let streams = 0;

  /** The height of a block that is here. */
  function committed(message: commonV1.BlockRef | undefined): Height {
    const { height, hash } = blockRefFromWire(message, 'block');
    const own = headerHash(headerAt(height));
    if (own !== hash) {
      throw new ChainError({ code: 'CONFLICT', message: `there is block ${own} at height ${height}, not ${hash}` });
    }
    return height;
  }

  function headerAt(height: Height): Header {
    store.refresh();
    const header = height > head.current().height ? undefined : store.header(height);
    if (header !== undefined) return header;
    const message = `there is no header ${height}; the head is ${head.current().height}`;
    throw new ChainError({ code: 'NOT_FOUND', message });
  }

  return implement(snapshotV1.SnapshotServiceService, {
    async getSnapshotStatus() {
      store.refresh();
      const { height, hash } = head.current();
      return {
        ...placeOf(store.genesisHash(), options.buckets),
        empty: false,
        head: blockRefToWire({ height, hash }),
        oldestStateHeight: store.oldestState(),
        followFromHeight: store.followFrom(),
      };
    },
    async getSnapshotHeaders({ height }) {
      const headers: Header[] = [headerAt(toHeight(height, 'height'))];
      for (let at = height - 1n; at >= 0n && headers.length < snapshotLimits.headersMax; at -= 1n) {
        const header = store.header(toHeight(at));
        if (header === undefined) break;
        headers.push(header);
      }
      return { headers: headers.map((header) => toBuffer(encodeHeader(header))) };
    },
    async getSnapshotTops({ block }) {
      const { first, tops } = ownTops(store.stateAt(committed(block)));
      return { first, tops: encodeTops({ first, tops }).map(toBuffer) };
    },
    async *streamSnapshotParts({ block, wants }, call: CallContext) {
      const list = wire
        .list(wants, { min: 1, max: snapshotLimits.wantsMax }, 'wants')
        .map((want, at) => wire.bytes(want, { min: 1, max: snapshotLimits.wantBytesMax }, `wants.${at}`));
      const height = committed(block);
      if (streams >= snapshotLimits.streamsMax) {
        const message = `${streams} streams of a snapshot are open already`;
        throw new ChainError({ code: 'LIMIT', message, retryAfterMs });
      }
      streams += 1;
      try {
        for (const want of list) {
          yield { answer: toBuffer(await caller.snapshotPart(height, want, call)) };
        }
      } finally {
        streams -= 1;
      }
    },
  });
}

/** What a member that waits for a state of its own answers. */
export function createEmptySnapshotService(genesisHash: Hash32, buckets: BucketRange): ServiceImplementation {
  const nothing = async (): Promise<never> => {
    throw new ChainError({ code: 'UNAVAILABLE', message: 'this member waits for a state itself' });
  };
  return implement(snapshotV1.SnapshotServiceService, {
    async getSnapshotStatus() {
      return {
        ...placeOf(genesisHash, buckets),
        empty: true,
        head: undefined,
        oldestStateHeight: 0n,
        followFromHeight: 0n,
      };
    },
    getSnapshotHeaders: nothing,
    getSnapshotTops: nothing,

    async *streamSnapshotParts() {
      await nothing();
    },
  });
}

function placeOf(genesisHash: Hash32, { first, end }: BucketRange) {
  return { genesisHash: hexToBuffer(genesisHash), firstBucket: first, buckets: end - first };
}
