import type { ChainErrorCode } from '@sheaf/primitives';
import type { Registry } from '@sheaf/service';
import { Counter, Gauge } from 'prom-client';
import type { LanePeerStats } from './lane-peers.ts';

/** Read from the stats when they are asked for: a message costs nothing. @returns what counts a connection ended here for a fault */
export function createLaneMetrics(
  registry: Registry | undefined,
  stats: () => LanePeerStats[],
): (code: ChainErrorCode) => void {
  if (!registry) return () => {};
  const registers = [registry];
  const options = (name: string, help: string, labelNames: string[] = []) => ({
    name: `sheaf_execution_lane_${name}`,
    help,
    labelNames,
    registers,
  });
  new Gauge({
    ...options('connected', 'Other members of the lane with a stream to this one'),
    collect() {
      this.set(stats().filter(({ connected }) => connected).length);
    },
  });
  new Gauge({
    ...options('queued_bytes', 'What waits to be sent to a peer', ['peer']),
    collect() {
      for (const { member, queuedBytes } of stats()) this.set({ peer: member }, queuedBytes);
    },
  });
  new Counter({
    ...options('bytes_total', 'Messages between members, by peer and direction', ['peer', 'direction']),
    collect() {
      this.reset();
      for (const { member, bytesSent, bytesReceived } of stats()) {
        this.inc({ peer: member, direction: 'sent' }, bytesSent);
        this.inc({ peer: member, direction: 'received' }, bytesReceived);
      }
    },
  });
  new Counter({
    ...options('messages_total', 'Messages between members, by peer and direction', ['peer', 'direction']),
    collect() {
      this.reset();
      for (const { member, messagesSent, messagesReceived } of stats()) {
        this.inc({ peer: member, direction: 'sent' }, messagesSent);
        this.inc({ peer: member, direction: 'received' }, messagesReceived);
      }
    },
  });
  new Counter({
    ...options('reconnects_total', 'Streams to a peer after the first', ['peer']),
    collect() {
      this.reset();
      for (const { member, reconnects } of stats()) this.inc({ peer: member }, reconnects);
    },
  });
  const faults = new Counter(options('faults_total', 'Streams that ended for a fault, by its code', ['code']));
  return (code) => faults.inc({ code });
}
