import { follow, type Bus, type Follower } from '@sheaf/bus';
import { headerHash } from '@sheaf/ethereum';
import { ChainError, toHeight, type Epoch, type Hash32 } from '@sheaf/primitives';
import type { Logger } from '@sheaf/service';
import { readBlockAnnouncement } from '../adapters/announcements.ts';
import type { Mempool } from '../domain/mempool.ts';
import { stages, type EndedTransaction, type ExecutedBlock, type ExecutionPort, type Ledger } from '../ports.ts';
import type { ChainView } from './chain-view.ts';
import type { Section } from './section.ts';

export interface FollowingDependencies {
  readonly mempool: Mempool;
  readonly view: ChainView;
  readonly section: Section;
  readonly ledger: Pick<Ledger, 'applyBlock' | 'payloadHash'>;
  readonly execution: Pick<ExecutionPort, 'block' | 'head'>;
  readonly bus: Bus;
  readonly log: Logger;
  readonly onBroken: (error: unknown) => void;
}

/** Applies every executed block from the one after the last known, in order. */
export function followBlocks(options: { epoch: Epoch }, deps: FollowingDependencies): Follower {
  const { bus, log, execution, view } = deps;
  return follow<ExecutedBlock>(
    { topic: 'blocks', next: view.executed.height + 1n },
    {
      bus,
      log,
      decode: readBlockAnnouncement,
      fetch: (height) => execution.block(toHeight(height)),
      head: () => execution.head(),
      apply: (_height, block) => deps.section.run(() => applyBlock(options.epoch, block, deps)),
    },
  );
}

async function applyBlock(epoch: Epoch, block: ExecutedBlock, deps: FollowingDependencies): Promise<void> {
  const { mempool, view, ledger } = deps;
  if (block.height <= view.executed.height) return;
  await requireOwnPayload(block, deps);
  const ended = stranded(block, mempool);
  try {
    await ledger.applyBlock(epoch, { block, finalizedHeight: view.finalized, ended });
  } catch (error) {
    deps.onBroken(error);
    throw error;
  }
  for (const hash of mempool.sealedHashes()) mempool.remove(hash);
  for (const drop of ended) mempool.remove(drop.hash);
  view.executed = { height: block.height, header: block.header };
  view.changed.notify();
}

/**
 * Execution must have executed what was ordered, on top of the block known before. If not, the head stops here and says
 * so; nobody picks one quietly.
 */
async function requireOwnPayload(block: ExecutedBlock, { view, ledger, log }: FollowingDependencies): Promise<void> {
  const sealed = view.sealed.height === block.height ? view.sealed.hash : await ledger.payloadHash(block.height);
  const parent = headerHash(view.executed.header);
  view.diverged =
    sealed === undefined
      ? `block ${block.height} was executed, but no payload of that height was sealed here`
      : sealed !== block.payloadHash
        ? `block ${block.height} comes from payload ${block.payloadHash}, but ${sealed} was sealed`
        : parent !== block.header.parentHash
          ? `block ${block.height} has the parent ${block.header.parentHash}, but ${parent} was executed before`
          : undefined;
  if (view.diverged === undefined) return;
  log.error({ height: block.height, payloadHash: block.payloadHash, sealed }, view.diverged);
  view.changed.notify();
  throw new ChainError({ code: 'DATA_LOSS', message: view.diverged });
}

/** Waiting transactions that cannot run any more because execution left out a lower nonce of their sender. */
function stranded(block: ExecutedBlock, mempool: Mempool): EndedTransaction[] {
  const found = new Map<Hash32, EndedTransaction>();
  for (const { hash, reason } of block.dropped) {
    const dropped = mempool.get(hash);
    // A nonce too low was used by something else: the ones above it may well be next.
    if (!dropped || reason === 'NONCE_TOO_LOW') continue;
    for (const later of mempool.above(dropped.sender, dropped.nonce)) {
      const why = `NONCE_GAP: nonce ${dropped.nonce} was dropped with ${reason}`;
      found.set(later.hash, { hash: later.hash, stage: stages.dropped, reason: why });
    }
  }
  return [...found.values()];
}
