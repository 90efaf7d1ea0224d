export { openStore, type Store } from './store.ts';
export { type Sql, type SqlParameter, type SqlRow, type Tx } from './sql.ts';
export { migrate } from './migrate.ts';
export { appendOutbox, outboxMigrationSql, startOutboxRelay, type OutboxMessage, type OutboxRelay } from './outbox.ts';
