import type { PartitionOptions } from '@sheaf/state';

/** So small that carrying over, dropping and cleaning happen all the time, and so do answers that no cache has. */
export const soakLimits = {
  heightsKept: 12,
  accountBytesCachedMax: 4_096,
  slotBytesCachedMax: 4_096,
  branchBytesCachedMax: 16_384,
  pendingBytesMin: 40_000,
  pendingBytesMax: 400_000,
  pendingHeightsMin: 3,
  pendingHeightsMax: 9,
  journalBytesCachedMax: 65_536,
  maintenanceRowsMax: 40,
} satisfies PartitionOptions;

/** The table for rows of others that go with a block. */
export const markTable = 'soak';
/** Where the height of the last block stands in it. */
export const markKey = Uint8Array.of(1);
