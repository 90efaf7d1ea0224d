/** What bounds a partition's store; each is an option of `openPartition` and has its default here. */
export const stateLimits = {
  /** Heights below the head at which the state can be read. */
  heightsKept: 128,
  /** Accounts and slots that reads keep in memory, bytes of each; twice that at most. */
  accountBytesCachedMax: 32 * 2 ** 20,
  slotBytesCachedMax: 48 * 2 ** 20,
  /** Branches that commits keep in memory, bytes: taken at once, and touched as they come. A million accounts have 130 MiB. */
  branchBytesCachedMax: 16 * 2 ** 20,
  /** Changes that are in the journal and not in the tables yet, bytes of memory: from here on they are carried over. */
  pendingBytesMin: 64 * 2 ** 20,
  /** A commit that would leave more than this waits until enough has been carried over. */
  pendingBytesMax: 192 * 2 ** 20,
  /** The same in heights, so that readers have few journals to look into. */
  pendingHeightsMin: 32,
  pendingHeightsMax: 64,
  /** Journals that a reader keeps in memory, bytes. */
  journalBytesCachedMax: 32 * 2 ** 20,
  /** Rows that one step of maintenance writes or deletes. */
  maintenanceRowsMax: 2_000,
} as const;

/** Row sizes of the journal: large enough to be few, small enough to be read for one key. */
export const journalChunkBytes = 24_576;

/** What bounds one answer of a snapshot. */
export const snapshotLimits = {
  /** Accounts or slots: at most 180 KiB. */
  rowsMax: 1_024,
  /** Codes asked for at once. */
  codesMax: 64,
  /** Codes in one answer, bytes; the first is there whatever it has. */
  codeBytesMax: 262_144,
  /** The whole answer. */
  answerBytesMax: 1_048_576,
} as const;

/** A block's access list: of the largest block that gas pays for, some 12 MiB. */
export const accessListBytesMax = 33_554_432;
