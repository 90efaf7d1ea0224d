import { toHeight } from '@sheaf/primitives';
import { blockFromWire, executionV1, type BlockRecord } from '@sheaf/proto';
import { encodeHeader } from '@sheaf/ethereum';
import type { Announcer, BlockStore } from '../ports.ts';

const retryMs = { min: 50, max: 2_000 };

/** Announces every executed height in order, from the durable cursor on. */
export interface Announcing {
  /** There may be something to announce. */
  wake(): void;
  /** Up to which height all are announced. */
  published(): bigint;
  stop(): Promise<void>;
}

/**
 * A height is announced before the cursor moves past it, and the cursor is durable with the next block: a crash announces
 * some again and never leaves one out.
 * Failures are tried again, for ever, with growing pauses.
 */
export function startAnnouncing(deps: {
  store: BlockStore;
  announcer: Announcer;
  onPublished(height: bigint): void;
  onFailure(error: unknown): void;
}): Announcing {
  const stopping = new AbortController();
  let poke: () => void = () => undefined;
  let news = true;
  let published = deps.store.published();
  const sleep = (ms?: number) =>
    new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      poke = () => {
        clearTimeout(timer);
        resolve();
      };
      if (stopping.signal.aborted || (ms === undefined && news)) poke();
    });

  async function announceAll(): Promise<void> {
    for (let next = published + 1n; !stopping.signal.aborted; next += 1n) {
      deps.store.refresh();
      const stored = readBlock(deps.store, next);
      if (stored === undefined) return;
      await deps.announcer.announce(stored.record, stored.header);
      published = next;
      deps.onPublished(next);
    }
  }

  async function run(): Promise<void> {
    let pauseMs = retryMs.min;
    while (!stopping.signal.aborted) {
      news = false;
      try {
        await announceAll();
        pauseMs = retryMs.min;
        await sleep();
      } catch (error) {
        deps.onFailure(error);
        await sleep(pauseMs);
        pauseMs = Math.min(2 * pauseMs, retryMs.max);
      }
    }
  }

  const running = run();
  return {
    published: () => published,
    wake() {
      news = true;
      poke();
    },
    async stop() {
      stopping.abort();
      poke();
      await running;
    },
  };
}

function readBlock(store: BlockStore, height: bigint): { record: BlockRecord; header: Uint8Array } | undefined {
  const stored = store.block(toHeight(height));
  const header = store.header(toHeight(height));
  if (stored === undefined || header === undefined) return undefined;
  return { record: blockFromWire(executionV1.Block.decode(stored), 'block'), header: encodeHeader(header) };
}
