import type { Bus, BusSubscription } from '@sheaf/bus';
import { pause, type Logger } from '@sheaf/service';
import { readFinalityAnnouncement } from '../adapters/announcements.ts';
import type { SettlementPort } from '../ports.ts';
import type { ChainView } from './chain-view.ts';

export interface WatchingDependencies {
  readonly view: ChainView;
  readonly settlement: SettlementPort;
  readonly bus: Bus;
  readonly log: Logger;
}

/**
 * Keeps `view.finalized` at the highest height heard of, until aborted. Only the highest matters here, so announcements
 * are taken as they come and the truth is asked every `pollMs`: what was missed is caught up with one question.
 */
export async function watchFinality(
  options: { pollMs: number },
  { view, settlement, bus, log }: WatchingDependencies,
  abort: AbortSignal,
): Promise<void> {
  const advance = (height: bigint): void => {
    if (height <= view.finalized) return;
    view.finalized = height;
    view.changed.notify();
  };
  const subscription: BusSubscription = await bus.subscribe('finality', ({ body }) =>
    advance(readFinalityAnnouncement(body)),
  );
  let away = false;
  try {
    while (!abort.aborted) {
      try {
        advance(await settlement.finalizedHeight());
        if (away) log.info('settlement answers again');
        away = false;
      } catch (error) {
        if (!away && !abort.aborted) log.warn({ err: error }, 'settlement does not answer; finality may be outdated');
        away = true;
      }
      await pause(options.pollMs, abort);
    }
  } finally {
    await subscription.stop();
  }
}
