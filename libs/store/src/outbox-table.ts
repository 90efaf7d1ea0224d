/** The outbox's table, in every database that is migrated. Rows are short-lived: vacuum comes early. */
export const outboxMigrationSql = `create table outbox (
  sequence bigint generated always as identity primary key,
  topic text not null,
  id text not null,
  body bytea not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
`;
