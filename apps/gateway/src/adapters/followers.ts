import { follow, followRanges, type Bus, type Follower, type HeightRange } from '@sheaf/bus';
import { ChainError, isChainError, type Height } from '@sheaf/primitives';
import { decodeBlockAnnouncement, decodeCertificateAnnouncement, decodeFinalityAnnouncement } from '@sheaf/proto';
import { payloadsNamespace, type Certificate } from '@sheaf/protocol';
import type { Logger } from '@sheaf/service';
import type { Heads } from '../domain/heads.ts';
import type { BlockSource, ExecutedBlock, Head } from '../ports.ts';
import type { Sequencer } from './sequencer.ts';
import type { Finalized } from './settlement.ts';

/** What keeps the three heads up to date. */
export interface Followers {
  start(): Promise<void>;
  /** Afterwards no head moves any more. */
  stop(): Promise<void>;
  /** Executed blocks known and not yet indexed. */
  lag(): bigint;
}

export function createFollowers(deps: {
  bus: Bus;
  log: Logger;
  heads: Heads;
  blocks: BlockSource;
  sequencer: Pick<Sequencer, 'certificate' | 'safeHeight'>;
  finalized: Finalized;
}): Followers {
  const { bus, log, heads } = deps;
  const stopping = new AbortController();
  const { signal } = stopping;
  const nextBlock = heads.ready() ? heads.latest().header.number + 1n : 0n;

  const blocks = follow<ExecutedBlock>(
    { topic: 'blocks', next: nextBlock },
    {
      bus,
      log,
      // The announcement has no receipts: it only says that there is something to fetch.
      decode: (body) => ({ height: decodeBlockAnnouncement(body).height, value: undefined }),
      fetch: (height) => deps.blocks.block(height as Height),
      head: async () => (await deps.blocks.head()).height,
      apply: (_height, block) => apply(() => heads.append(block)),
    },
  );
  const safe = followRanges<Certificate>(
    { topic: 'certificates', next: nextAfter(heads.ready() ? heads.safe() : undefined) },
    {
      bus,
      log,
      decode: (body) => rangeOf(decodeCertificateAnnouncement(body)),
      fetch: async (height) => {
        const certificate = await deps.sequencer.certificate(height);
        return certificate && rangeOf(certificate);
      },
      head: () => deps.sequencer.safeHeight(),
      apply: (_first, last, { statement }) =>
        apply(() => heads.certified(last as Height, statement.lastPayloadHash, signal)),
    },
  );
  const finalized = follow<Head>(
    { topic: 'finality', next: nextAfter(heads.ready() ? heads.finalized() : undefined) },
    {
      bus,
      log,
      decode(body) {
        const { height, blockHash } = decodeFinalityAnnouncement(body);
        return { height, value: { height, hash: blockHash } };
      },
      fetch: (height) => deps.finalized.at(height),
      head: () => deps.finalized.head(),
      apply: (_height, head) => apply(() => heads.finalize(head, signal)),
    },
  );
  const all: Follower[] = [blocks, safe, finalized];

  /** After a divergence nothing moves until somebody has looked: the followers stop themselves. */
  async function apply(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (isChainError(error, 'CONFLICT')) void stop();
      throw error;
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await Promise.all(all.map((follower) => follower.stop()));
  }

  return {
    async start() {
      await Promise.all(all.map((follower) => follower.start()));
    },
    stop,
    lag: () => blocks.lag(),
  };
}

function rangeOf(certificate: Certificate): HeightRange<Certificate> {
  const { namespace, firstHeight, lastHeight } = certificate.statement;
  // Certificates of other namespaces are somebody else's blobs.
  if (namespace !== payloadsNamespace) {
    throw new ChainError({
      code: 'INVALID_ARGUMENT',
      field: 'namespace',
      message: `namespace ${namespace} is not the chain's`,
    });
  }
  return { first: firstHeight, last: lastHeight, value: certificate };
}

function nextAfter(head: Head | undefined): bigint {
  return (head?.height ?? 0n) + 1n;
}
