/** What `sheaf replay` reads of one block. Mainnet's largest are at a hundredth of it. */
export const replayLimits = {
  /** The file, compressed. */
  fileBytesMax: 64 * 2 ** 20,
  /** The JSON in it. */
  jsonBytesMax: 256 * 2 ** 20,
  transactionsMax: 20_000,
  accountsMax: 200_000,
  /** Of all accounts. */
  slotsMax: 1_000_000,
  /** EIP-4895 allows 16. */
  withdrawalsMax: 16,
  /** BLOCKHASH reaches no further back. */
  blockHashesMax: 256,
  /** A transaction's entries of its access list, blob hashes or authorizations. */
  entriesMax: 10_000,
} as const;
