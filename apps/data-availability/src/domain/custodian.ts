import { blsSign } from '@sheaf/crypto';
import { bytesToHex, ChainError, equalBytes } from '@sheaf/primitives';
import { batchDigest, type BatchStatement } from '@sheaf/protocol';
import type { BatchRepository, CellVerifier, CustodyCell } from '../ports.ts';

/** The node's side of data availability: it keeps its columns of every blob and signs for what it keeps. */
export interface Custodian {
  /**
   * Verifies and stores this node's cells of a batch, then signs the statement. When it resolves, statement and cells are durable.
   * Idempotent by the statement's digest: a known statement is signed again without looking at the cells.
   * @throws ChainError `REJECTED` (WRONG_CHAIN, INVALID_CELLS), `INVALID_ARGUMENT` naming the blob, `CONFLICT` when another statement
   * was signed for one of the heights; nothing is stored then
   */
  storeBatch(statement: BatchStatement, blobs: CustodyCell[][]): Promise<Uint8Array>;
}

/** A custodian for `columns` (rising) of the chain `chainId`. */
export function createCustodian(
  options: { chainId: bigint; columns: number[]; secretKey: Uint8Array },
  dependencies: {
    repository: BatchRepository;
    verifier: CellVerifier;
    onVerified?: (cells: number, seconds: number) => void;
    now?: () => number;
  },
): Custodian {
  const { repository, verifier } = dependencies;
  const now = dependencies.now ?? (() => performance.now());

  async function verify(statement: BatchStatement, blobs: CustodyCell[][]): Promise<void> {
    const cells = blobs.flat();
    const commitments = blobs.flatMap((blob, index) => blob.map(() => statement.commitments[index]!));
    const started = now();
    // One call a batch: the pairing check is shared by all cells.
    const valid = await verifier.verifyCells(
      commitments,
      cells.map(({ column }) => column),
      cells.map(({ cell }) => cell),
      cells.map(({ proof }) => proof),
    );
    if (!valid) {
      throw new ChainError({
        code: 'REJECTED',
        reason: 'INVALID_CELLS',
        message: 'a cell does not belong to its commitment',
      });
    }
    dependencies.onVerified?.(cells.length, (now() - started) / 1000);
  }

  return {
    async storeBatch(statement, blobs) {
      if (statement.chainId !== options.chainId) {
        throw new ChainError({
          code: 'REJECTED',
          reason: 'WRONG_CHAIN',
          message: `the statement is for chain ${statement.chainId}, this node serves ${options.chainId}`,
        });
      }
      const digest = batchDigest(statement);
      const known = await repository.findOverlap(statement.namespace, statement.firstHeight, statement.lastHeight);
      if (!known) {
        requireCustody(statement, blobs, options.columns);
        await verify(statement, blobs);
        await repository.store({ digest, statement, blobs });
      } else if (!equalBytes(known.digest, digest)) {
        throw conflict(statement, known);
      }
      return blsSign(options.secretKey, digest);
    },
  };
}

/** The refusal of a second statement for a height. */
export function conflict(
  statement: BatchStatement,
  known: { digest: Uint8Array; statement: BatchStatement },
): ChainError {
  const range = (s: BatchStatement) => `${s.namespace} ${s.firstHeight} to ${s.lastHeight}`;
  return new ChainError({
    code: 'CONFLICT',
    message: `${range(statement)} contradicts ${range(known.statement)}, signed before as ${bytesToHex(known.digest)}`,
  });
}

/** @throws ChainError `INVALID_ARGUMENT` unless every commitment has exactly the custody columns, rising */
function requireCustody(statement: BatchStatement, blobs: CustodyCell[][], columns: number[]): void {
  if (blobs.length !== statement.commitments.length) {
    const message = `blobs must be as many as the commitments: ${statement.commitments.length}, got ${blobs.length}`;
    throw new ChainError({ code: 'INVALID_ARGUMENT', field: 'blobs', message });
  }
  for (const [index, blob] of blobs.entries()) {
    const same = blob.length === columns.length && blob.every(({ column }, at) => column === columns[at]);
    if (same) continue;
    const field = `blobs.${index}.cells`;
    const message = `${field} must be exactly the ${columns.length} columns in this node's custody, rising`;
    throw new ChainError({ code: 'INVALID_ARGUMENT', field, message });
  }
}
