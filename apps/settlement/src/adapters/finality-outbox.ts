import { connectBus } from '@sheaf/bus';
import { pause, type Logger, type Registry } from '@sheaf/service';
import { startOutboxRelay, type OutboxRelay, type Store } from '@sheaf/store';

/** Publishes what the ledger put into the outbox, from now until it is stopped. */
export interface FinalityOutbox {
  /** There is something new to publish. */
  wake(): void;
  /** True while announcements go out. */
  ready(): boolean;
  stop(): Promise<void>;
}

const retryMs = 1_000;

/** Starts to connect and returns at once: settlement works without NATS, its announcements wait in the outbox. */
export function startFinalityOutbox(
  options: { url: string; streamPrefix: string; name: string },
  dependencies: { store: Store; log: Logger; metrics: Registry },
): FinalityOutbox {
  const { store, log, metrics } = dependencies;
  let relay: OutboxRelay | undefined;
  let ready: () => boolean = () => false;
  let close: () => Promise<void> = () => Promise.resolve();
  const stopping = new AbortController();

  async function connect(): Promise<void> {
    for (let attempt = 1; !stopping.signal.aborted; attempt++) {
      try {
        const bus = await connectBus(options, { log, metrics });
        relay = startOutboxRelay({}, { store, bus, log, metrics });
        ready = () => bus.ready();
        close = async () => {
          await relay?.stop();
          await bus.close();
        };
        return;
      } catch (error) {
        if (attempt === 1) log.warn({ err: error }, 'announcements wait until NATS can be used');
      }
      await pause(retryMs, stopping.signal);
    }
  }

  const connecting = connect();
  return {
    wake: () => relay?.wake(),
    ready: () => ready(),
    async stop() {
      stopping.abort();
      await connecting;
      await close();
    },
  };
}
