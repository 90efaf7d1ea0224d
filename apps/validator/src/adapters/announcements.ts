import { connectBus, type Bus } from '@sheaf/bus';
import type { Hash32, Height } from '@sheaf/primitives';
import { decodeBlockAnnouncement } from '@sheaf/proto';
import { pause, type Logger, type Registry } from '@sheaf/service';

/** What execution and the sequencer announce: a reason to look, never a reason to believe. */
export interface Announcements {
  /** The hash announced for a height, if it was seen lately. */
  hash(height: Height): Hash32 | undefined;
  /** Calls `wake` at every announcement, with the height of an executed block. */
  start(wake: (executed?: Height) => void): void;
  ready(): boolean;
  stop(): Promise<void>;
}

const hashesKept = 512;
const retryMs = 2_000;

/** Connects in the background, for as long as it takes: without NATS the validator polls. */
export function createAnnouncements(
  options: { url: string; streamPrefix: string; name: string },
  dependencies: { log: Logger; metrics: Registry },
): Announcements {
  const { log } = dependencies;
  const hashes = new Map<Height, Hash32>();
  const stopping = new AbortController();
  let bus: Bus | undefined;
  let connecting: Promise<void> = Promise.resolve();

  async function connect(wake: (executed?: Height) => void): Promise<void> {
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      try {
        bus = await connectBus(options, dependencies);
        await bus.subscribe('blocks', ({ body }) => {
          const { height, hash } = decodeBlockAnnouncement(body);
          hashes.set(height, hash);
          if (hashes.size > hashesKept) hashes.delete(hashes.keys().next().value!);
          wake(height);
        });
        await bus.subscribe('certificates', () => wake());
        return;
      } catch (error) {
        if (attempt === 1) log.warn({ err: error }, 'polling until NATS can be used');
        await bus?.close();
        bus = undefined;
      }
      await pause(retryMs, stopping.signal);
    }
  }

  return {
    hash: (height) => hashes.get(height),
    start(wake) {
      connecting = connect(wake);
    },
    ready: () => bus?.ready() ?? false,
    async stop() {
      stopping.abort();
      await connecting;
      await bus?.close();
    },
  };
}
