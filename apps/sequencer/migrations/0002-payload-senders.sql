-- Who signed the transactions of a payload: 20 bytes each, in order, as recovered at admission. They are handed on with the
-- payload, so that execution recovers nothing. A column beside the payload, not a join with `transactions`: it is written
-- in the statement that is there anyway, and ten thousand rows are not looked up at every read.
-- Null: sealed before this migration.
alter table payloads add column senders bytea;
-- Not valid means that the rows there, all null, are not read to see what is certain; new ones are checked.
alter table payloads add constraint payloads_senders_check
  check (octet_length(senders) = 20 * transaction_count) not valid;
