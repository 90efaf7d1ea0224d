import { decodeHeader, decodeTransaction } from '@sheaf/ethereum';
import { hexToBytes, toAddress, toHash32, toHeight, type Hash32 } from '@sheaf/primitives';
import { decodePayload, payloadsNamespace, type BatchStatement, type Certificate } from '@sheaf/protocol';
import type { Store } from '@sheaf/store';
import { pendingTransaction } from '../domain/pending-transaction.ts';
import { stages, type Ledger, type Stage } from '../ports.ts';

type Reads = Omit<
  Ledger,
  | 'acquireLease'
  | 'renewLease'
  | 'releaseLease'
  | 'bindChain'
  | 'admit'
  | 'seal'
  | 'applyBlock'
  | 'createBatch'
  | 'certify'
>;

interface BatchRow {
  first_height: bigint;
  last_height: bigint;
  last_payload_hash: Buffer;
  commitments: Buffer;
  blobs: Buffer | null;
  signers: number[] | null;
  signature: Buffer | null;
}

const commitmentBytes = 48;
const blobBytes = 131_072;

/** Every read of the log. Needs no leadership. */
export function createReads(store: Store): Reads {
  const { query } = store;
  return {
    heads: () => readHeads(store),

    async loadMempool() {
      const rows = await query<
        { raw: Buffer; sender: Buffer; arrival: bigint; received_at: Date; stage: Stage; height: bigint | null }[]
      >`select raw, sender, arrival, received_at, stage, height from transactions
        where stage in (${stages.pending}, ${stages.sealed}) order by arrival`;
      const transactions = rows.map((row) => {
        const decoded = decodeTransaction(row.raw);
        const waiting = pendingTransaction(decoded, toAddress(row.sender), row.arrival, row.received_at.getTime());
        if (row.stage === stages.sealed && row.height !== null) waiting.sealedHeight = toHeight(row.height);
        return waiting;
      });
      return { transactions, nextArrival: (rows.at(-1)?.arrival ?? 0n) + 1n };
    },

    async openBatch(chainId) {
      const [row] = await query<BatchRow[]>`
        select * from batches where signature is null order by first_height limit 1`;
      if (!row?.blobs) return undefined;
      return { statement: statementOf(row, chainId), blobs: split(row.blobs, blobBytes) };
    },

    async unbatched(max) {
      const rows = await query<{ height: bigint; rlp: Buffer }[]>`
        select height, rlp from payloads
        where height > coalesce((select max(last_height) from batches), 0) order by height limit ${max}`;
      return rows.map((row) => ({ height: toHeight(row.height), rlp: row.rlp }));
    },

    async transaction(hash) {
      const [row] = await query<{ stage: Stage; raw: Buffer; height: bigint | null; reason: string }[]>`
        select stage, raw, height, reason from transactions where hash = ${hexToBytes(hash)}`;
      return row && { ...row, height: row.height === null ? undefined : toHeight(row.height) };
    },

    async ordered(hashes) {
      if (hashes.length === 0) return new Set<Hash32>();
      const rows = await query<{ hash: Buffer }[]>`
        select hash from transactions where stage in (${stages.sealed}, ${stages.included})
          and hash in ${query(hashes.map((hash) => hexToBytes(hash)))}`;
      return new Set(rows.map((row) => toHash32(row.hash)));
    },

    async payloadHash(height) {
      const [row] = await query<{ hash: Buffer }[]>`select hash from payloads where height = ${height}`;
      return row && toHash32(row.hash);
    },

    async payloads(from, max) {
      const rows = await query<{ rlp: Buffer; hash: Buffer; senders: Buffer | null }[]>`
        select rlp, hash, senders from payloads where height >= ${from} order by height limit ${max}`;
      return rows.map(({ rlp, hash, senders }) => ({
        payload: decodePayload(rlp),
        hash: toHash32(hash),
        senders: senders ?? undefined,
      }));
    },

    async certificate(height, chainId): Promise<Certificate | undefined> {
      const row = await batchAt(store, height);
      if (!row?.signers || !row.signature) return undefined;
      return { statement: statementOf(row, chainId), signers: row.signers, signature: row.signature };
    },

    async blobs(height) {
      const row = await batchAt(store, height);
      return row?.signature && row.blobs ? split(row.blobs, blobBytes) : undefined;
    },
  };
}

async function readHeads({ query }: Store): ReturnType<Ledger['heads']> {
  const [sealed] = await query<{ height: bigint; hash: Buffer; sealed_at: Date }[]>`
    select height, hash, sealed_at from payloads order by height desc limit 1`;
  const [safe] = await query<{ height: bigint | null }[]>`
    select max(last_height) as height from batches where signature is not null`;
  const [progress] = await query<
    {
      chain_id: string;
      genesis_hash: Buffer;
      executed_height: bigint;
      executed_header: Buffer;
      finalized_height: bigint;
    }[]
  >`select * from progress`;
  const [waiting] = await query<{ count: bigint }[]>`
    select count(*) from transactions where stage = ${stages.pending}`;
  return {
    sealed: sealed && {
      height: toHeight(sealed.height),
      hash: toHash32(sealed.hash),
      sealedAtMs: sealed.sealed_at.getTime(),
    },
    safe: toHeight(safe?.height ?? 0n),
    progress: progress && {
      chainId: BigInt(progress.chain_id),
      genesisHash: toHash32(progress.genesis_hash),
      executedHeight: toHeight(progress.executed_height),
      executedHeader: decodeHeader(progress.executed_header),
      finalizedHeight: progress.finalized_height,
    },
    waiting: Number(waiting?.count ?? 0n),
  };
}

async function batchAt({ query }: Store, height: bigint): Promise<BatchRow | undefined> {
  const [row] = await query<BatchRow[]>`
    select * from batches where first_height <= ${height} order by first_height desc limit 1`;
  return row && row.last_height >= height ? row : undefined;
}

function statementOf(row: BatchRow, chainId: bigint): BatchStatement {
  return {
    chainId,
    namespace: payloadsNamespace,
    firstHeight: toHeight(row.first_height),
    lastHeight: toHeight(row.last_height),
    lastPayloadHash: toHash32(row.last_payload_hash),
    commitments: split(row.commitments, commitmentBytes),
  };
}

function split(joined: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: joined.length / length }, (_, i) => joined.subarray(i * length, (i + 1) * length));
}
