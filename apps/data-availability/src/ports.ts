import type { BatchStatement } from '@sheaf/protocol';

/** One EIP-7594 cell with its KZG proof. */
export interface CustodyCell {
  /** 0 to 127. */
  column: number;
  /** 2,048 bytes. */
  cell: Uint8Array;
  /** 48 bytes. */
  proof: Uint8Array;
}

/** A batch that is already stored. */
export interface StoredBatch {
  digest: Uint8Array;
  statement: BatchStatement;
}

/** Where batches and cells are kept. */
export interface BatchRepository {
  /** The batch that shares a height with `first`…`last` in the namespace, the lowest if there are several. */
  findOverlap(namespace: string, first: bigint, last: bigint): Promise<StoredBatch | undefined>;
  /**
   * Stores statement and cells in one transaction; all is durable when it resolves. The same digest again changes nothing.
   * `blobs` has one entry a commitment, each with the same columns in rising order.
   * @throws ChainError `CONFLICT` when another statement shares a height in the namespace; then nothing was stored
   */
  store(batch: { digest: Uint8Array; statement: BatchStatement; blobs: CustodyCell[][] }): Promise<void>;
  /** The stored cells among `columns`, by rising column; undefined for an unknown blob. */
  cells(commitment: Uint8Array, columns: number[]): Promise<CustodyCell[] | undefined>;
  /** Highest height in a namespace (0 for none) and the number of blobs in all. */
  counts(namespace: string): Promise<{ height: bigint; blobs: bigint }>;
}

/** Checks KZG proofs off the event loop. */
export interface CellVerifier {
  /** True when every cell belongs to its commitment at its column; the arrays run in parallel, one entry a cell. */
  verifyCells(
    commitments: Uint8Array[],
    columns: number[],
    cells: Uint8Array[],
    proofs: Uint8Array[],
  ): Promise<boolean>;
}
