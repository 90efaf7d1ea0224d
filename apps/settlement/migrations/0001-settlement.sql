-- One row. Whoever changes anything about attestations or finality locks it first (select … for update), so that replicas over this
-- database take turns and a decision never rests on what another replica is changing.
create table head (
  only_row boolean primary key default true check (only_row),
  chain_id numeric(20) not null,
  -- keccak256 over the validators' keys and stakes: another set needs another database.
  validators_digest bytea not null check (octet_length(validators_digest) = 32),
  finalized_height int8 not null default 0 check (finalized_height >= 0),
  -- Genesis until the first block is final.
  finalized_hash bytea not null check (octet_length(finalized_hash) = 32),
  attested_height int8 not null default 0,
  -- Lowest height with two blocks of more than a third of the stake each.
  diverged_height int8
);

create table validators (
  validator_index int4 primary key check (validator_index between 0 and 1023),
  attested_height int8 not null default 0,
  -- Height of the first proven double vote.
  slashed_height int8
);

create table attestations (
  height int8 not null check (height >= 1),
  validator_index int4 not null references validators,
  block_hash bytea not null check (octet_length(block_hash) = 32),
  payload_hash bytea not null check (octet_length(payload_hash) = 32),
  commitments_hash bytea not null check (octet_length(commitments_hash) = 32),
  signature bytea not null check (octet_length(signature) = 96),
  primary key (height, validator_index)
);

-- The second vote of a height; the first one is in attestations. Together they prove the double vote to anyone.
create table evidence (
  height int8 not null,
  validator_index int4 not null,
  block_hash bytea not null check (octet_length(block_hash) = 32),
  payload_hash bytea not null check (octet_length(payload_hash) = 32),
  commitments_hash bytea not null check (octet_length(commitments_hash) = 32),
  signature bytea not null check (octet_length(signature) = 96),
  primary key (height, validator_index),
  foreign key (height, validator_index) references attestations
);

create table finality (
  height int8 primary key check (height >= 1),
  block_hash bytea not null check (octet_length(block_hash) = 32),
  payload_hash bytea not null check (octet_length(payload_hash) = 32),
  commitments_hash bytea not null check (octet_length(commitments_hash) = 32),
  -- Bit i of byte i/8, lowest bit first.
  signers bytea not null check (octet_length(signers) between 1 and 128),
  signature bytea not null check (octet_length(signature) = 96),
  signed_stake_gwei numeric(20) not null,
  total_stake_gwei numeric(20) not null
);
