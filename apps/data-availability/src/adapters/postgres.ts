import { bytesToHex, ChainError, concatBytes, equalBytes, hexToBytes, toHash32, toHeight } from '@sheaf/primitives';
import type { BatchStatement } from '@sheaf/protocol';
import type { Store, Tx } from '@sheaf/store';
import { conflict } from '../domain/custodian.ts';
import type { BatchRepository, CustodyCell, StoredBatch } from '../ports.ts';

const cellBytes = 2048;
const proofBytes = 48;
const packedBytes = cellBytes + proofBytes;
const commitmentBytes = 48;

/** Blobs in one INSERT: 32 of them with 128 cells each would be a parameter of 8.6 MB. */
const blobsPerInsert = 8;

interface BatchRow {
  digest: Uint8Array;
  namespace: string;
  first_height: bigint;
  last_height: bigint;
  last_payload_hash: Uint8Array;
  commitments: Uint8Array;
}

/** Batches and cells in the node's own PostgreSQL database of chain `chainId`. */
export function createBatchRepository(options: { chainId: bigint }, dependencies: { store: Store }): BatchRepository {
  const { store } = dependencies;

  return {
    async findOverlap(namespace, first, last) {
      const rows = await store.query<BatchRow[]>`
        select * from batches
        where namespace = ${namespace} and last_height >= ${first} and first_height <= ${last}
        order by last_height limit 1`;
      return rows[0] && storedBatch(rows[0], options.chainId);
    },

    async store(batch) {
      await store.transact(async (tx) => {
        const { statement } = batch;
        // Held to the end of the transaction: two writers of one namespace see each other's rows.
        await tx`select pg_advisory_xact_lock(hashtextextended(${statement.namespace}, 0))`;
        const [row] = await tx<BatchRow[]>`
          select * from batches
          where namespace = ${statement.namespace} and last_height >= ${statement.firstHeight} and first_height <= ${statement.lastHeight}
          order by last_height limit 1`;
        const known = row && storedBatch(row, options.chainId);
        if (known && equalBytes(known.digest, batch.digest)) return;
        if (known) throw conflict(statement, known);
        await insertBlobs(tx, statement.commitments, batch.blobs);
        await tx`
          insert into batches (digest, namespace, first_height, last_height, last_payload_hash, commitments)
          values (${batch.digest}, ${statement.namespace}, ${statement.firstHeight}, ${statement.lastHeight},
            ${hexToBytes(statement.lastPayloadHash)}, ${concatBytes(...statement.commitments)})`;
      });
    },

    async cells(commitment, columns) {
      const [blob] = await store.query<
        { columns: Uint8Array }[]
      >`select columns from blobs where commitment = ${commitment}`;
      if (!blob) return undefined;
      const wanted = [...blob.columns]
        .map((column, index) => ({ column, index }))
        .filter(({ column }) => columns.includes(column));
      if (wanted.length === 0) return [];
      const offsets = wanted.map(({ index }) => index * packedBytes + 1);
      const rows = await store.query<{ at: number; packed: Uint8Array }[]>`
        select at, substring(cells from at for ${packedBytes}) as packed
        from blobs cross join unnest(${store.query.int4s(offsets)}) as at
        where commitment = ${commitment} order by at`;
      return rows.map(({ packed }, row) => unpack(wanted[row]!.column, packed));
    },

    async counts(namespace) {
      const [row] = await store.query<{ height: bigint; blobs: bigint }[]>`
        select coalesce((select last_height from batches where namespace = ${namespace} order by last_height desc limit 1), 0) as height,
          (select count(*) from blobs) as blobs`;
      return { height: row!.height, blobs: row!.blobs };
    },
  };
}

/**
 * Writes down, the first time, whose database this is; afterwards it must be the same node of the same chain.
 * @throws ChainError `CONFLICT` with one sentence when it is another's
 */
export async function claimDatabase(
  store: Store,
  identity: { chainId: bigint; nodeIndex: number; publicKey: Uint8Array },
): Promise<void> {
  await store.query`
    insert into node_identity (chain_id, node_index, public_key)
    values (${identity.chainId.toString()}, ${identity.nodeIndex}, ${identity.publicKey}) on conflict do nothing`;
  const [owner] = await store.query<{ chain_id: string; node_index: number; public_key: Uint8Array }[]>`
    select chain_id::text, node_index, public_key from node_identity`;
  const same =
    owner?.chain_id === identity.chainId.toString() &&
    owner.node_index === identity.nodeIndex &&
    equalBytes(owner.public_key, identity.publicKey);
  if (same) return;
  const message = `the database belongs to node ${owner?.node_index} (${bytesToHex(owner?.public_key ?? new Uint8Array())}) of chain ${owner?.chain_id}`;
  throw new ChainError({ code: 'CONFLICT', message });
}

async function insertBlobs(tx: Tx, commitments: Uint8Array[], blobs: CustodyCell[][]): Promise<void> {
  // One blob may appear twice in a batch, and in many batches: its cells are the same.
  const rows = new Map(
    commitments.map((commitment, index) => [
      bytesToHex(commitment),
      {
        commitment,
        columns: Uint8Array.from(blobs[index]!, ({ column }) => column),
        cells: concatBytes(...blobs[index]!.flatMap(({ cell, proof }) => [cell, proof])),
      },
    ]),
  );
  // In one order everywhere, so that two transactions with the same blobs cannot wait for each other in a circle.
  const sorted = [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  for (let first = 0; first < sorted.length; first += blobsPerInsert) {
    const part = sorted.slice(first, first + blobsPerInsert);
    await tx`insert into blobs ${tx(part, 'commitment', 'columns', 'cells')} on conflict do nothing`;
  }
}

function storedBatch(row: BatchRow, chainId: bigint): StoredBatch {
  const count = row.commitments.length / commitmentBytes;
  const statement: BatchStatement = {
    chainId,
    namespace: row.namespace,
    firstHeight: toHeight(row.first_height),
    lastHeight: toHeight(row.last_height),
    lastPayloadHash: toHash32(row.last_payload_hash),
    commitments: Array.from({ length: count }, (_, i) =>
      row.commitments.subarray(i * commitmentBytes, (i + 1) * commitmentBytes),
    ),
  };
  return { digest: row.digest, statement };
}

function unpack(column: number, packed: Uint8Array): CustodyCell {
  return { column, cell: packed.subarray(0, cellBytes), proof: packed.subarray(cellBytes) };
}
