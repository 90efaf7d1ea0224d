/** What one member accepts and keeps. Over it is `INVALID_ARGUMENT` for a message, `LIMIT` for work of its own. */
export const partitionLimits = {
  membersMax: 256,
  /** One message between two members. */
  messageBytesMax: 64 * 2 ** 20,
  /** Messages of an attempt that has not begun here, or that came before those they follow. */
  messagesHeldMax: 4_096,
  /** Rounds before the rest of the block runs on one member. */
  roundsMax: 3,
  /** Contracts whose calls are known to meet. */
  serialContractsMax: 4_096,
  /** Codes kept between blocks. */
  codeBytesKeptMax: 64 * 2 ** 20,
} as const;
