import { decodeBlock, encodeBlock, type Block } from '@sheaf/ethereum';
import {
  bytesToHex,
  ChainError,
  hexToBytes,
  toAddress,
  toHash32,
  type Hash32,
  type Height,
  type Hex,
} from '@sheaf/primitives';
import type { Gate } from '@sheaf/service';
import type { Sql, SqlParameter, Store, Tx } from '@sheaf/store';
import { logsOfBlock } from '../domain/logs.ts';
import type {
  BlockFees,
  BlockIndex,
  ExecutedBlock,
  IndexedBlock,
  IndexedLog,
  IndexedTransaction,
  IndexWriter,
  LogCriteria,
} from '../ports.ts';

/** The index in PostgreSQL. Reads wait their turn at the gate; the writer does not. */
export function createIndex(deps: { store: Store; reads: Gate }): BlockIndex & IndexWriter {
  const { store, reads } = deps;
  const sql = store.query;

  async function findBlock(where: SqlParameter): Promise<IndexedBlock | undefined> {
    const [row] = await sql<BlockRow[]>`
      select b.hash, b.payload_hash, b.size_bytes, b.envelope,
        array(select t.hash from transactions t where t.height = b.height order by t.transaction_index) as transactions
      from blocks b where ${where}`;
    return row && toBlock(row);
  }

  return {
    blockByHeight: (height) => reads.run(() => findBlock(sql`b.height = ${height}`)),
    blockByHash: (hash) => reads.run(() => findBlock(sql`b.hash = ${hexToBytes(hash)}`)),
    heightOf: (hash) =>
      reads.run(async () => {
        const [row] = await sql<{ height: Height }[]>`select height from blocks where hash = ${hexToBytes(hash)}`;
        return row?.height;
      }),
    transactionByHash: (hash) =>
      reads.run(async () => (await selectTransactions(sql, sql`t.hash = ${hexToBytes(hash)}`))[0]),
    transactionAt: (height, index) =>
      reads.run(async () => {
        const where = sql`t.height = ${height} and t.transaction_index = ${index}`;
        return (await selectTransactions(sql, where))[0];
      }),
    transactionsOf: (height) => reads.run(() => selectTransactions(sql, sql`t.height = ${height}`)),
    logsOf: (height, index) =>
      reads.run(() => {
        const one = index === undefined ? sql`true` : sql`l.transaction_index = ${index}`;
        return selectLogs(sql, sql`l.height = ${height} and ${one}`, undefined);
      }),
    findLogs: (criteria, from, to, max) => reads.run(() => selectLogs(sql, logsWhere(sql, criteria, from, to), max)),
    blockHashes: (from, to) =>
      reads.run(async () => {
        const rows = await sql<{ hash: Buffer }[]>`
          select hash from blocks where height between ${from} and ${to} order by height`;
        return rows.map(({ hash }) => toHash32(hash));
      }),
    fees: (from, to, withRewards) => reads.run(() => selectFees(sql, from, to, withRewards)),
    latest: () => findBlock(sql`b.height = (select max(height) from blocks)`),
    async head(name) {
      const [row] = await sql<{ height: Height; hash: Buffer }[]>`select height, hash from heads where name = ${name}`;
      return row && { height: row.height, hash: toHash32(row.hash) };
    },
    async refAt(height) {
      const [row] = await sql<{ hash: Buffer; payload_hash: Buffer }[]>`
        select hash, payload_hash from blocks where height = ${height}`;
      return row && { hash: toHash32(row.hash), payloadHash: toHash32(row.payload_hash) };
    },
    append: (block) => store.transact((tx) => appendBlock(tx, block)),
    async advance(name, { height, hash }) {
      await sql`
        insert into heads (name, height, hash) values (${name}, ${height}, ${hexToBytes(hash)})
        on conflict (name) do update set height = excluded.height, hash = excluded.hash where heads.height < excluded.height`;
    },
  };
}

interface BlockRow {
  hash: Buffer;
  payload_hash: Buffer;
  size_bytes: number;
  envelope: Buffer;
  transactions: Buffer[];
}

function toBlock(row: BlockRow): IndexedBlock {
  const { header, withdrawals } = decodeBlock(row.envelope);
  return {
    hash: toHash32(row.hash),
    payloadHash: toHash32(row.payload_hash),
    header,
    withdrawals,
    sizeBytes: row.size_bytes,
    transactionHashes: row.transactions.map((hash) => toHash32(hash)),
  };
}

interface TransactionRow {
  block_hash: Buffer;
  height: Height;
  transaction_index: number;
  raw: Buffer;
  hash: Buffer;
  type: number;
  sender: Buffer;
  recipient: Buffer | null;
  contract_address: Buffer | null;
  status: boolean;
  cumulative_gas_used: bigint;
  gas_used: bigint;
  effective_gas_price: string;
}

async function selectTransactions(sql: Sql, where: SqlParameter): Promise<IndexedTransaction[]> {
  const rows = await sql<TransactionRow[]>`
    select b.hash as block_hash, t.*
    from transactions t join blocks b using (height)
    where ${where} order by t.transaction_index`;
  return rows.map((row) => ({
    blockHash: toHash32(row.block_hash),
    height: row.height,
    index: row.transaction_index,
    raw: plain(row.raw),
    hash: toHash32(row.hash),
    type: row.type,
    sender: toAddress(row.sender),
    recipient: row.recipient === null ? undefined : toAddress(row.recipient),
    contractAddress: row.contract_address === null ? undefined : toAddress(row.contract_address),
    status: row.status,
    cumulativeGasUsed: row.cumulative_gas_used,
    gasUsed: row.gas_used,
    effectiveGasPrice: BigInt(row.effective_gas_price),
  }));
}

interface LogRow {
  height: Height;
  block_hash: Buffer;
  timestamp: bigint;
  transaction_hash: Buffer;
  transaction_index: number;
  log_index: number;
  address: Buffer;
  topic0: Buffer | null;
  topic1: Buffer | null;
  topic2: Buffer | null;
  topic3: Buffer | null;
  data: Buffer;
}

async function selectLogs(sql: Sql, where: SqlParameter, max: number | undefined): Promise<IndexedLog[]> {
  const limit = max === undefined ? sql`` : sql`limit ${max}`;
  const rows = await sql<LogRow[]>`
    select l.*, b.hash as block_hash, b.timestamp, t.hash as transaction_hash
    from (select * from logs l where ${where} order by l.height, l.log_index ${limit}) l
    join blocks b using (height)
    join transactions t using (height, transaction_index)
    order by l.height, l.log_index`;
  return rows.map((row) => ({
    height: row.height,
    blockHash: toHash32(row.block_hash),
    timestamp: row.timestamp,
    transactionHash: toHash32(row.transaction_hash),
    transactionIndex: row.transaction_index,
    logIndex: row.log_index,
    address: toAddress(row.address),
    topics: [row.topic0, row.topic1, row.topic2, row.topic3]
      .filter((topic) => topic !== null)
      .map((topic) => toHash32(topic)),
    data: plain(row.data),
  }));
}

function logsWhere(sql: Sql, criteria: LogCriteria, from: Height, to: Height): SqlParameter {
  const address =
    criteria.addresses.length === 0
      ? sql`true`
      : sql`l.address in ${sql(criteria.addresses.map((hex) => hexToBytes(hex)))}`;
  const topic = (position: number): SqlParameter => {
    const column = sql(`topic${position}`);
    if (position >= criteria.topics.length) return sql`true`;
    const alternatives = criteria.topics[position];
    // A position that takes anything still asks for a topic to be there.
    return alternatives
      ? sql`l.${column} in ${sql(alternatives.map((hex) => hexToBytes(hex)))}`
      : sql`l.${column} is not null`;
  };
  return sql`l.height between ${from} and ${to} and ${address}
    and ${topic(0)} and ${topic(1)} and ${topic(2)} and ${topic(3)}`;
}

interface FeeRow {
  height: Height;
  base_fee_per_gas: string;
  gas_used: bigint;
  gas_limit: bigint;
}

async function selectFees(sql: Sql, from: Height, to: Height, withRewards: boolean): Promise<BlockFees[]> {
  const rows = await sql<FeeRow[]>`
    select height, base_fee_per_gas, gas_used, gas_limit from blocks
    where height between ${from} and ${to} order by height`;
  const blocks = new Map<bigint, BlockFees>();
  for (const row of rows) {
    blocks.set(row.height, {
      height: row.height,
      baseFeePerGas: BigInt(row.base_fee_per_gas),
      gasUsed: row.gas_used,
      gasLimit: row.gas_limit,
      rewards: [],
    });
  }
  if (withRewards) await addRewards(sql, blocks, from, to);
  return [...blocks.values()];
}

async function addRewards(sql: Sql, blocks: Map<bigint, BlockFees>, from: Height, to: Height): Promise<void> {
  // Transactions of a block that pay the same tip count as one: a long history of a busy chain stays a short answer.
  const rows = await sql<{ height: Height; price: string; gas: bigint }[]>`
    select height, effective_gas_price as price, sum(gas_used)::bigint as gas from transactions
    where height between ${from} and ${to} group by height, effective_gas_price`;
  for (const { height, price, gas } of rows) {
    const block = blocks.get(height);
    if (block) block.rewards.push({ tip: BigInt(price) - block.baseFeePerGas, gasUsed: gas });
  }
}

async function appendBlock(tx: Tx, block: ExecutedBlock): Promise<void> {
  const { header } = block;
  await checkParent(tx, block);
  const inserted = await tx`
    insert into blocks (height, hash, payload_hash, timestamp, base_fee_per_gas, gas_limit, gas_used, size_bytes, envelope)
    values (${header.number}, ${hexToBytes(block.hash)}, ${hexToBytes(block.payloadHash)}, ${header.timestamp},
      ${header.baseFeePerGas.toString()}, ${header.gasLimit}, ${header.gasUsed}, ${block.sizeBytes}, ${envelopeOf(block)})
    on conflict (height) do nothing returning height`;
  if (inserted.length === 0) return await checkSame(tx, block);
  await insertTransactions(tx, block);
  await insertLogs(tx, block);
}

function envelopeOf({ header, withdrawals }: Pick<Block, 'header' | 'withdrawals'>): Uint8Array {
  return encodeBlock({ header, withdrawals, transactions: [] });
}

/** Nothing is indexed on top of a gap, or of another chain's block. */
async function checkParent(tx: Tx, { header }: ExecutedBlock): Promise<void> {
  if (header.number === 0n) return;
  const [parent] = await tx<{ hash: Buffer }[]>`select hash from blocks where height = ${header.number - 1n}`;
  if (!parent) throw new ChainError({ code: 'NOT_FOUND', message: `height ${header.number - 1n} is not indexed yet` });
  const hash = toHash32(parent.hash);
  if (hash !== header.parentHash) {
    throw conflict(`block ${header.number} comes after ${header.parentHash}, but ${hash} is indexed below it`);
  }
}

async function checkSame(tx: Tx, block: ExecutedBlock): Promise<void> {
  const height = block.header.number;
  const [row] = await tx<{ hash: Buffer }[]>`select hash from blocks where height = ${height}`;
  const indexed = row && toHash32(row.hash);
  if (indexed !== block.hash)
    throw conflict(`execution has block ${block.hash} at height ${height}, the index ${indexed}`);
}

function conflict(message: string): ChainError {
  return new ChainError({ code: 'CONFLICT', message });
}

/** Rows travel as one JSON parameter, so that a block of any size is one prepared statement. */
async function insertTransactions(tx: Tx, block: ExecutedBlock): Promise<void> {
  if (block.receipts.length === 0) return;
  const rows = block.receipts.map((receipt, index) => ({
    transaction_index: index,
    hash: bytea(receipt.transactionHash),
    raw: bytea(bytesToHex(block.transactions[index]!)),
    type: receipt.type,
    sender: bytea(receipt.sender),
    recipient: receipt.recipient === undefined ? null : bytea(receipt.recipient),
    contract_address: receipt.contractAddress === undefined ? null : bytea(receipt.contractAddress),
    status: receipt.status,
    cumulative_gas_used: receipt.cumulativeGasUsed.toString(),
    gas_used: receipt.gasUsed.toString(),
    effective_gas_price: receipt.effectiveGasPrice.toString(),
  }));
  await tx`
    insert into transactions (height, transaction_index, hash, raw, type, sender, recipient, contract_address, status,
      cumulative_gas_used, gas_used, effective_gas_price)
    select ${block.header.number}::bigint, r.* from json_to_recordset(${JSON.stringify(rows)}::text::json) as r(
      transaction_index integer, hash bytea, raw bytea, type smallint, sender bytea, recipient bytea,
      contract_address bytea, status boolean, cumulative_gas_used bigint, gas_used bigint, effective_gas_price numeric)`;
}

async function insertLogs(tx: Tx, block: ExecutedBlock): Promise<void> {
  const logs = logsOfBlock(block);
  if (logs.length === 0) return;
  const topic = (value: Hash32 | undefined): string | null => (value === undefined ? null : bytea(value));
  const rows = logs.map((log) => ({
    log_index: log.logIndex,
    transaction_index: log.transactionIndex,
    address: bytea(log.address),
    topic0: topic(log.topics[0]),
    topic1: topic(log.topics[1]),
    topic2: topic(log.topics[2]),
    topic3: topic(log.topics[3]),
    data: bytea(bytesToHex(log.data)),
  }));
  await tx`
    insert into logs (height, log_index, transaction_index, address, topic0, topic1, topic2, topic3, data)
    select ${block.header.number}::bigint, r.* from json_to_recordset(${JSON.stringify(rows)}::text::json) as r(
      log_index integer, transaction_index integer, address bytea, topic0 bytea, topic1 bytea, topic2 bytea, topic3 bytea,
      data bytea)`;
}

function bytea(hex: Hex): string {
  return `\\x${hex.slice(2)}`;
}

function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
