export { isConnectionLoss, isUniqueViolation } from './errors.ts';
export { migrateWhenReachable } from './migrate-when-reachable.ts';
export { migrate } from './migrate.ts';
export {
  appendOutbox,
  outboxMigrationSql,
  outboxPendingMax,
  startOutboxRelay,
  type OutboxMessage,
  type OutboxRelay,
} from './outbox.ts';
export { type Sql, type SqlParameter, type SqlRow, type Tx } from './sql.ts';
export { openStore, type Store, type StoreOptions } from './store.ts';
