import type { Bus, Topic } from '@sheaf/bus';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Tx } from './sql.ts';
import type { Store } from './store.ts';

export interface OutboxMessage {
  topic: Topic;
  id: string;
  body: Uint8Array;
}
export interface OutboxRelay {
  wake(): void;
  stop(): Promise<void>;
  pending(): Promise<number>;
}
export declare const outboxMigrationSql: string;
export declare function appendOutbox(tx: Tx, messages: readonly OutboxMessage[]): Promise<void>;
export declare function startOutboxRelay(
  options: { batchMax?: number; pollMs?: number },
  deps: { store: Store; bus: Bus; log: Logger; metrics?: Registry },
): OutboxRelay;
