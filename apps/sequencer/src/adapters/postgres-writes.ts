import { encodeHeader } from '@sheaf/ethereum';
import { ChainError, concatBytes, hexToBytes, type Epoch, type Hash32 } from '@sheaf/primitives';
import { sendersToWire } from '@sheaf/proto';
import { encodePayload } from '@sheaf/protocol';
import { appendOutbox, type Store, type Tx } from '@sheaf/store';
import { stages, type EndedTransaction, type Ledger } from '../ports.ts';
import { certificateMessage, payloadMessage } from './announcements.ts';

type Writes = Pick<Ledger, 'bindChain' | 'admit' | 'seal' | 'applyBlock' | 'createBatch' | 'certify'>;

/** Every authoritative write: one transaction each, fenced by the epoch. `onOutbox` is called after the commit. */
export function createWrites(store: Store, deps: { onOutbox: () => void }): Writes {
  return {
    async bindChain(epoch, chainId, genesisHash, header) {
      await fenced(store, epoch, async (tx) => {
        await tx`
          insert into progress (chain_id, genesis_hash, executed_height, executed_header, finalized_height)
          values (${chainId.toString()}, ${hexToBytes(genesisHash)}, 0, ${encodeHeader(header)}, 0)`;
      });
    },

    async admit(epoch, { added, ended }) {
      const rows = added.map(({ transaction, stage, reason }) => ({
        hash: hexToBytes(transaction.hash),
        raw: transaction.raw,
        sender: hexToBytes(transaction.sender),
        nonce: transaction.nonce,
        arrival: transaction.arrival,
        received_at: new Date(transaction.receivedAtMs),
        stage,
        reason,
      }));
      await fenced(store, epoch, async (tx) => {
        await endWaiting(tx, ended);
        if (rows.length === 0) return;
        // A dropped or replaced transaction may come again: it starts anew.
        const { count } = await tx`
          insert into transactions ${tx(rows)}
          on conflict (hash) do update set stage = excluded.stage, reason = excluded.reason, arrival = excluded.arrival,
            received_at = excluded.received_at, height = null, index = null
          where transactions.stage in (${stages.dropped}, ${stages.replaced})`;
        expectCount('admitted', count, rows.length);
      });
    },

    async seal(epoch, { payload, ended }) {
      await fenced(store, epoch, async (tx) => {
        await endWaiting(tx, ended);
        if (!payload) return;
        const { value, hash, hashes, senders } = payload;
        const rlp = encodePayload(value);
        await tx`
          insert into payloads (height, hash, epoch, rlp, transaction_count, senders)
          values (${value.height}, ${hexToBytes(hash)}, ${epoch}, ${rlp}, ${hashes.length}, ${sendersToWire(senders)})`;
        const { count } = await tx`
          update transactions set stage = ${stages.sealed}, height = ${value.height}, index = place
          from ${listed(tx, hashes)} where transactions.hash = listed.hash and stage = ${stages.pending}`;
        expectCount('sealed', count, hashes.length);
        await appendOutbox(tx, [payloadMessage(value, hash, senders, rlp.length)]);
      });
      if (payload) deps.onOutbox();
    },

    async applyBlock(epoch, { block, finalizedHeight, ended }) {
      await fenced(store, epoch, async (tx) => {
        for (const { hash, reason } of block.dropped) {
          await tx`
            update transactions set stage = ${stages.dropped}, reason = ${reason}
            where hash = ${hexToBytes(hash)} and stage = ${stages.sealed} and height = ${block.height}`;
        }
        await tx`
          update transactions set stage = ${stages.included}
          where height = ${block.height} and stage = ${stages.sealed}`;
        await endWaiting(tx, ended);
        await tx`
          update progress set executed_height = ${block.height}, executed_header = ${encodeHeader(block.header)},
            finalized_height = greatest(finalized_height, ${finalizedHeight})`;
      });
    },

    async createBatch(epoch, { statement, blobs }) {
      await fenced(store, epoch, async (tx) => {
        await tx`
          insert into batches (first_height, last_height, last_payload_hash, commitments, blobs)
          values (${statement.firstHeight}, ${statement.lastHeight}, ${hexToBytes(statement.lastPayloadHash)},
            ${concatBytes(...statement.commitments)}, ${concatBytes(...blobs)})`;
      });
    },

    async certify(epoch, certificate, batchesKept) {
      const { statement, signers, signature } = certificate;
      await fenced(store, epoch, async (tx) => {
        const { count } = await tx`
          update batches set signers = ${tx.int4s(signers)}, signature = ${signature}, certified_at = clock_timestamp()
          where first_height = ${statement.firstHeight} and last_height = ${statement.lastHeight} and signature is null`;
        expectCount('certified', count, 1);
        await tx`
          update batches set blobs = null where blobs is not null and first_height < (
            select first_height from batches order by first_height desc offset ${batchesKept - 1} limit 1)`;
        await appendOutbox(tx, [certificateMessage(certificate)]);
      });
      deps.onOutbox();
    },
  };
}

/**
 * Runs the write only if `epoch` leads, and keeps it leading until the commit: the key-share lock lets renewals pass and
 * makes a takeover wait.
 */
async function fenced<T>(store: Store, epoch: Epoch, run: (tx: Tx) => Promise<T>): Promise<T> {
  return store.transact(async (tx) => {
    const rows = await tx`select 1 from lease where epoch = ${epoch} for key share`;
    if (rows.length === 0) {
      throw new ChainError({ code: 'CONFLICT', message: `epoch ${epoch} is over: another sequencer leads` });
    }
    return run(tx);
  });
}

async function endWaiting(tx: Tx, ended: readonly EndedTransaction[]): Promise<void> {
  for (const { hash, stage, reason } of ended) {
    const { count } = await tx`
      update transactions set stage = ${stage}, reason = ${reason}
      where hash = ${hexToBytes(hash)} and stage = ${stages.pending}`;
    expectCount('ended', count, 1);
  }
}

/**
 * The hashes as rows (hash, place) named `listed`, places from 0. They travel as one value: a thousand of them cost the
 * driver one parameter.
 */
function listed(tx: Tx, hashes: readonly Hash32[]) {
  const joined = concatBytes(...hashes.map((hash) => hexToBytes(hash)));
  return tx`(
    select substring(${joined}::bytea from 32 * place + 1 for 32) as hash, place
    from generate_series(0, ${hashes.length - 1}::int4) as place) as listed`;
}

function expectCount(what: string, count: number, expected: number): void {
  if (count === expected) return;
  throw new ChainError({ code: 'INTERNAL', message: `${count} rows ${what} where ${expected} were expected` });
}
