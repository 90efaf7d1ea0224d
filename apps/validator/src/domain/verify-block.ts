import { isChainError, toHeight, type Hash32, type Height } from '@sheaf/primitives';
import { payloadHash, type ChainSpec, type Payload } from '@sheaf/protocol';
import type {
  BlockEngine,
  BlockWitness,
  ExecutionSource,
  PayloadSource,
  SignedOpinion,
  VerifiedBlock,
} from '../ports.ts';
import { checkPayload } from './check-payload.ts';
import { requireRight } from './fault.ts';
import { memo } from './memo.ts';
import type { BatchVerifier, VerifiedBatch } from './verify-batch.ts';

/** What a height needs, each part fetched once and kept while the height is open. */
interface Parts {
  payload: () => Promise<Payload>;
  batch: () => Promise<VerifiedBatch>;
  witness: () => Promise<BlockWitness>;
  blockHash: () => Promise<Hash32>;
}

/** Verifies heights in order; those ahead are fetched meanwhile. */
export interface BlockVerifier {
  /** Begins to fetch what these heights need, and forgets all others. */
  prefetch(heights: Height[]): void;
  /** Forgets what was fetched: it turned out wrong. */
  forget(): void;
  /**
   * The block after `parent`, when everything about it holds: payload and rules, batch, certificate, samples, execution. Recomputed here but
   * for the order itself.
   * @throws ChainError as the sources do, and `DATA_LOSS` for what does not verify
   */
  next(parent: VerifiedBlock): Promise<{ block: VerifiedBlock; opinion: SignedOpinion }>;
  /** True when the height's witness is not kept any more although the height is executed. */
  isPruned(height: Height): Promise<boolean>;
}

/** What blocks are verified with. */
export interface BlockVerifierDependencies {
  payloads: PayloadSource;
  execution: ExecutionSource;
  batches: BatchVerifier;
  engine: Pick<BlockEngine, 'execute'>;
}

/** A verifier for the chain of the specification. */
export function createBlockVerifier(
  options: { spec: ChainSpec },
  dependencies: BlockVerifierDependencies,
): BlockVerifier {
  const { payloads, execution, batches, engine } = dependencies;
  const open = new Map<Height, Parts>();

  function partsOf(height: Height): Parts {
    const known = open.get(height);
    if (known) return known;
    const parts: Parts = {
      payload: memo(() => payloads.payload(height)),
      batch: memo(() => batches.covering(height)),
      witness: memo(() => execution.witness(height)),
      blockHash: memo(() => execution.blockHash(height)),
    };
    open.set(height, parts);
    return parts;
  }

  return {
    prefetch(heights) {
      for (const height of [...open.keys()]) if (!heights.includes(height)) open.delete(height);
      // A failure shows when the height's turn comes.
      for (const height of heights) {
        const parts = partsOf(height);
        void collect(parts).catch(() => undefined);
        if (execution.announcedHash(height) === undefined) void parts.blockHash().catch(() => undefined);
      }
    },

    forget: () => open.clear(),

    async next(parent) {
      const height = toHeight(parent.header.number + 1n);
      const parts = partsOf(height);
      const { payload, batch, witness } = await collect(parts);
      checkPayload(payload, options.spec, parent);
      const hash = payloadHash(payload);
      const certified = batch.payloadHashes[Number(height - batch.first)];
      requireRight(certified === hash, () => `payload ${height} is ${hash}, the certified blobs hold ${certified}`);
      const block = await engine.execute({ payload, payloadHash: hash, parent: parent.header, witness });
      if (block.hash !== execution.announcedHash(height)) {
        // Announcements are no truth: only execution's own answer is held against it.
        const claimed = await parts.blockHash();
        requireRight(block.hash === claimed, () => `block ${height} is ${block.hash}, execution says ${claimed}`);
      }
      const opinion = { height, blockHash: block.hash, payloadHash: hash, commitmentsHash: batch.commitmentsHash };
      return { block: { header: block.header, hash: block.hash, payloadHash: hash }, opinion };
    },

    async isPruned(height) {
      if ((await execution.head()) < height) return false;
      try {
        await execution.witness(height);
        return false;
      } catch (error) {
        if (isChainError(error, 'NOT_FOUND')) return true;
        throw error;
      }
    },
  };
}

async function collect(parts: Parts) {
  const [payload, batch, witness] = await Promise.all([parts.payload(), parts.batch(), parts.witness()]);
  return { payload, batch, witness };
}
