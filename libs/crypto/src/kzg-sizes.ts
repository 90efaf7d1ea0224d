/** Sizes of EIP-4844 blobs and EIP-7594 cells. */
export const kzg = {
  /** 4096 field elements of 32 bytes. */
  blobBytes: 131_072,
  fieldElementsPerBlob: 4_096,
  /** Columns of an extended blob. */
  columns: 128,
  /** Any so many columns restore the blob. */
  columnsToRecover: 64,
  /** 64 field elements of 32 bytes. */
  cellBytes: 2_048,
  commitmentBytes: 48,
  proofBytes: 48,
} as const;
