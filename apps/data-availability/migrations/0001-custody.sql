-- One row: whose database this is. A node that finds another name here does not start.
create table node_identity (
  only_row boolean primary key default true check (only_row),
  chain_id numeric(20) not null,
  node_index int4 not null,
  public_key bytea not null check (octet_length(public_key) = 48)
);

-- What this node has signed. The signature itself is not kept: BLS signing is deterministic.
create table batches (
  digest bytea primary key check (octet_length(digest) = 32),
  namespace text not null check (octet_length(namespace) between 1 and 64),
  first_height int8 not null check (first_height >= 1),
  last_height int8 not null check (last_height between first_height and first_height + 255),
  last_payload_hash bytea not null check (octet_length(last_payload_hash) = 32),
  -- 48 bytes each, in order.
  commitments bytea not null check (octet_length(commitments) between 48 and 48 * 32 and octet_length(commitments) % 48 = 0),
  -- The last line of defence for "no two statements for one height"; the code checks every namespace under a lock.
  constraint one_statement_a_height exclude using gist (int8range(first_height, last_height, '[]') with &&)
    where (namespace = 'payloads')
);

create index batches_by_height on batches (namespace, last_height);

-- All custody cells of one blob in one row: a batch of 32 blobs is 32 inserts, not 4,096. Uncompressed and out of line, so that
-- substring() reads the pages of the cells asked for and nothing else.
create table blobs (
  commitment bytea primary key check (octet_length(commitment) = 48),
  -- One byte a column, rising.
  columns bytea not null check (octet_length(columns) between 1 and 128),
  -- In the order of the columns: 2,048 bytes of cell, 48 bytes of proof.
  cells bytea not null check (octet_length(cells) = octet_length(columns) * 2096)
);

alter table blobs alter column cells set storage external;
