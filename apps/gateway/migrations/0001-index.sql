-- The read model of the chain: blocks, transactions with their receipts, logs, heads. Everything here can be rebuilt from
-- execution, the sequencer and settlement: drop the database and start the gateway again.

create table blocks (
  height bigint primary key,
  hash bytea not null unique check (length(hash) = 32),
  payload_hash bytea not null check (length(payload_hash) = 32),
  "timestamp" bigint not null,
  base_fee_per_gas numeric(78) not null,
  gas_limit bigint not null,
  gas_used bigint not null,
  -- Length of the block's whole RLP encoding.
  size_bytes integer not null,
  -- The block's RLP with an empty transaction list: the transactions have rows of their own.
  envelope bytea not null
);

create table transactions (
  height bigint not null references blocks on delete cascade,
  transaction_index integer not null,
  hash bytea not null unique check (length(hash) = 32),
  raw bytea not null,
  type smallint not null,
  sender bytea not null,
  recipient bytea,
  contract_address bytea,
  status boolean not null,
  cumulative_gas_used bigint not null,
  gas_used bigint not null,
  effective_gas_price numeric(78) not null,
  primary key (height, transaction_index)
);

create table logs (
  height bigint not null,
  log_index integer not null,
  transaction_index integer not null,
  address bytea not null,
  topic0 bytea,
  topic1 bytea,
  topic2 bytea,
  topic3 bytea,
  data bytea not null,
  primary key (height, log_index),
  foreign key (height, transaction_index) references transactions on delete cascade
);

create index logs_by_transaction on logs (height, transaction_index);
create index logs_by_address on logs (address, height);
create index logs_by_topic0 on logs (topic0, height);
create index logs_by_topic1 on logs (topic1, height) where topic1 is not null;
create index logs_by_topic2 on logs (topic2, height) where topic2 is not null;
create index logs_by_topic3 on logs (topic3, height) where topic3 is not null;

-- "latest" is the highest row of blocks; these two come from certificates and finality.
create table heads (
  name text primary key check (name in ('safe', 'finalized')),
  height bigint not null,
  hash bytea not null check (length(hash) = 32)
);
