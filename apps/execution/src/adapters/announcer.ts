import type { Bus } from '@sheaf/bus';
import { encodeBlockAnnouncement } from '@sheaf/proto';
import type { Announcer } from '../ports.ts';

/** Announces on the bus; the message id makes a repetition harmless. */
export function createAnnouncer(bus: Pick<Bus, 'publish'>): Announcer {
  return {
    async announce({ height, hash, payloadHash, dropped }, header) {
      await bus.publish('blocks', encodeBlockAnnouncement({ height, hash, payloadHash, header, dropped }));
    },
  };
}
