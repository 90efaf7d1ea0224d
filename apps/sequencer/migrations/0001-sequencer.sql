-- What the sequencer decides, and what it needs to go on after a kill.

-- Leadership: one row. `epoch` is the key on purpose: fenced writers lock the row FOR KEY SHARE, which lets renewals
-- (they change no key) pass and makes a takeover (it changes the key) wait until the writers in flight are done.
create table lease (
  epoch      int8 primary key,
  singleton  boolean not null default true unique check (singleton),
  holder     text not null,
  expires_at timestamptz not null
);
insert into lease (epoch, holder, expires_at) values (0, '', '-infinity');

-- How far the other services are, as the leader last knew; and which chain this database belongs to.
create table progress (
  singleton        boolean primary key default true check (singleton),
  chain_id         text not null,
  genesis_hash     bytea not null check (octet_length(genesis_hash) = 32),
  executed_height  int8 not null,
  executed_header  bytea not null,
  finalized_height int8 not null
);

-- Every transaction that was ever answered with its hash. Stages are the numbers of the proto's TransactionStage:
-- 1 pending, 2 sealed, 3 included, 4 dropped, 5 replaced.
create table transactions (
  hash        bytea primary key check (octet_length(hash) = 32),
  raw         bytea not null,
  sender      bytea not null check (octet_length(sender) = 20),
  nonce       int8 not null,
  arrival     int8 not null,
  received_at timestamptz not null,
  stage       int2 not null check (stage between 1 and 5),
  height      int8,
  index       int4,
  reason      text not null default '' check (octet_length(reason) <= 512)
);
-- At most one waiting transaction a sender and nonce, whatever the code believes.
create unique index transactions_pending on transactions (sender, nonce) where stage = 1;
create index transactions_waiting on transactions (arrival) where stage in (1, 2);
create index transactions_by_height on transactions (height, index) where height is not null;

-- The order: one payload a height, ever.
create table payloads (
  height            int8 primary key check (height > 0),
  hash              bytea not null unique check (octet_length(hash) = 32),
  epoch             int8 not null,
  rlp               bytea not null,
  transaction_count int4 not null,
  sealed_at         timestamptz not null default clock_timestamp()
);

-- Batches of payloads as blobs. Written before anything is sent, so that a restart sends the same statement again;
-- a batch with a signature is a certificate. `blobs` becomes null when pruned.
create table batches (
  first_height      int8 primary key,
  last_height       int8 not null unique,
  last_payload_hash bytea not null,
  commitments       bytea not null,
  blobs             bytea,
  signers           int4[],
  signature         bytea,
  certified_at      timestamptz,
  check (first_height > 0 and last_height >= first_height),
  check ((signature is null) = (signers is null))
);
