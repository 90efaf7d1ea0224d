import { ChainError, equalBytes, hexToBytes, toHash32, toHeight, type Hash32, type Height } from '@sheaf/primitives';
import { decodeBitmap, encodeBitmap, type Attestation, type Finality } from '@sheaf/protocol';
import { encodeFinalityAnnouncement } from '@sheaf/proto';
import { appendOutbox, type Sql, type Store, type Tx } from '@sheaf/store';
import type { Head, Ledger, LedgerTransaction, ValidatorRecord } from '../ports.ts';

interface HeadRow {
  finalized_height: bigint;
  finalized_hash: Uint8Array;
  attested_height: bigint;
  diverged_height: bigint | null;
}

interface OpinionRow {
  height: bigint;
  block_hash: Uint8Array;
  payload_hash: Uint8Array;
  commitments_hash: Uint8Array;
  signature: Uint8Array;
}

interface FinalityRow extends OpinionRow {
  signers: Uint8Array;
  signed_stake_gwei: string;
  total_stake_gwei: string;
}

/** The ledger of chain `chainId` with `validatorCount` validators, in PostgreSQL. `announced` is called after a commit that has announcements. */
export function createLedger(
  options: { chainId: bigint; validatorCount: number },
  dependencies: { store: Store; announced: () => void },
): Ledger {
  const { store } = dependencies;

  async function transact<T>(run: (transaction: LedgerTransaction) => Promise<T>): Promise<T> {
    let announces = false;
    const result = await store.transact(async (tx) => {
      const [row] = await tx<HeadRow[]>`select * from head for update`;
      return run(createTransaction(tx, headOf(row!), options, () => (announces = true)));
    });
    if (announces) dependencies.announced();
    return result;
  }

  return {
    transact,
    async head() {
      const [row] = await store.query<HeadRow[]>`select * from head`;
      return headOf(row!);
    },
    attestation: (height, validatorIndex) => findAttestation(store.query, options.chainId, height, validatorIndex),
    async finality(height) {
      const [row] =
        height === undefined
          ? await store.query<FinalityRow[]>`select * from finality order by height desc limit 1`
          : await store.query<FinalityRow[]>`select * from finality where height = ${height}`;
      return row && finalityOf(row, options.validatorCount);
    },
    async validators() {
      const rows = await store.query<{ validator_index: number; attested_height: bigint; slashed: boolean }[]>`
        select validator_index, attested_height, slashed_height is not null as slashed from validators order by validator_index`;
      return rows.map((row): ValidatorRecord => ({
        validatorIndex: row.validator_index,
        attestedHeight: toHeight(row.attested_height),
        slashed: row.slashed,
      }));
    },
  };
}

function createTransaction(
  tx: Tx,
  head: Head,
  options: { chainId: bigint; validatorCount: number },
  announce: () => void,
): LedgerTransaction {
  return {
    head,
    attestation: (height, validatorIndex) => findAttestation(tx, options.chainId, height, validatorIndex),

    async attestationsAt(height) {
      const rows = await tx<(OpinionRow & { validator_index: number })[]>`
        select * from attestations where height = ${height} order by validator_index`;
      return rows.map((row) => attestationOf(row, options.chainId));
    },

    async slashed() {
      const rows = await tx<
        { validator_index: number }[]
      >`select validator_index from validators where slashed_height is not null`;
      return new Set(rows.map((row) => row.validator_index));
    },

    async addAttestation(attestation) {
      const { height, validatorIndex } = attestation;
      await tx`insert into attestations ${tx([attestationRow(attestation)])}`;
      await tx`
        update validators set attested_height = greatest(attested_height, ${height}::int8) where validator_index = ${validatorIndex}`;
      await tx`update head set attested_height = greatest(attested_height, ${height}::int8)`;
    },

    async addEvidence(second) {
      await tx`insert into evidence ${tx([attestationRow(second)])} on conflict do nothing`;
      await tx`
        update validators set slashed_height = coalesce(slashed_height, ${second.height}::int8)
        where validator_index = ${second.validatorIndex}`;
    },

    async markDiverged(height) {
      await tx`update head set diverged_height = least(diverged_height, ${height}::int8)`;
    },

    async finalize(finality) {
      const { height, blockHash } = finality;
      await tx`insert into finality ${tx([finalityRow(finality, options.validatorCount)])}`;
      await tx`update head set finalized_height = ${height}, finalized_hash = ${hexToBytes(blockHash)}`;
      await appendOutbox(tx, [{ topic: 'finality', ...encodeFinalityAnnouncement(finality) }]);
      announce();
    },
  };
}

/**
 * Writes down, the first time, whose database this is and where the chain begins; afterwards it must be the same chain and validator set.
 * @throws ChainError `CONFLICT` with one sentence when it is another's
 */
export async function claimDatabase(
  store: Store,
  identity: { chainId: bigint; validatorsDigest: Uint8Array; validatorCount: number },
  genesisHash: () => Promise<Hash32>,
): Promise<void> {
  const find = () =>
    store.query<
      { chain_id: string; validators_digest: Uint8Array }[]
    >`select chain_id::text, validators_digest from head`;
  let [owner] = await find();
  if (!owner) {
    const hash = hexToBytes(await genesisHash());
    await store.transact(async (tx) => {
      await tx`
        insert into head (chain_id, validators_digest, finalized_hash)
        values (${identity.chainId.toString()}, ${identity.validatorsDigest}, ${hash}) on conflict do nothing`;
      await tx`
        insert into validators (validator_index) select generate_series(0, ${identity.validatorCount - 1}::int4) on conflict do nothing`;
    });
    [owner] = await find();
  }
  if (
    owner!.chain_id === identity.chainId.toString() &&
    equalBytes(owner!.validators_digest, identity.validatorsDigest)
  )
    return;
  const message = `the database belongs to chain ${owner!.chain_id} with another validator set`;
  throw new ChainError({ code: 'CONFLICT', message });
}

async function findAttestation(
  sql: Sql,
  chainId: bigint,
  height: Height,
  validatorIndex: number,
): Promise<Attestation | undefined> {
  const [row] = await sql<(OpinionRow & { validator_index: number })[]>`
    select * from attestations where height = ${height} and validator_index = ${validatorIndex}`;
  return row && attestationOf(row, chainId);
}

function headOf(row: HeadRow): Head {
  return {
    finalizedHeight: toHeight(row.finalized_height),
    finalizedHash: toHash32(row.finalized_hash),
    attestedHeight: toHeight(row.attested_height),
    divergedHeight: row.diverged_height === null ? undefined : toHeight(row.diverged_height),
  };
}

function opinionOf(row: OpinionRow) {
  return {
    height: toHeight(row.height),
    blockHash: toHash32(row.block_hash),
    payloadHash: toHash32(row.payload_hash),
    commitmentsHash: toHash32(row.commitments_hash),
    signature: row.signature,
  };
}

function opinionRow(
  opinion: Pick<Attestation, 'height' | 'blockHash' | 'payloadHash' | 'commitmentsHash' | 'signature'>,
) {
  return {
    height: opinion.height as bigint,
    block_hash: hexToBytes(opinion.blockHash),
    payload_hash: hexToBytes(opinion.payloadHash),
    commitments_hash: hexToBytes(opinion.commitmentsHash),
    signature: opinion.signature,
  };
}

function attestationOf(row: OpinionRow & { validator_index: number }, chainId: bigint): Attestation {
  return { chainId, validatorIndex: row.validator_index, ...opinionOf(row) };
}

function attestationRow(attestation: Attestation) {
  return { ...opinionRow(attestation), validator_index: attestation.validatorIndex };
}

function finalityOf(row: FinalityRow, validatorCount: number): Finality {
  return {
    ...opinionOf(row),
    signers: decodeBitmap(row.signers, validatorCount, 'finality.signers'),
    signedStakeGwei: BigInt(row.signed_stake_gwei),
    totalStakeGwei: BigInt(row.total_stake_gwei),
  };
}

function finalityRow(finality: Finality, validatorCount: number) {
  return {
    ...opinionRow(finality),
    signers: encodeBitmap(finality.signers, validatorCount),
    signed_stake_gwei: finality.signedStakeGwei.toString(),
    total_stake_gwei: finality.totalStakeGwei.toString(),
  };
}
