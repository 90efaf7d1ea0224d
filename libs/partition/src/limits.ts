/** What one member accepts and keeps. Over it is `INVALID_ARGUMENT` for a message, `LIMIT` for work of its own. */
export const partitionLimits = {
  membersMax: 256,
  /** One message between two members. */
  messageBytesMax: 64 * 2 ** 20,
  /** Messages of an attempt that has not begun here, or that came before those they follow. */
  messagesHeldMax: 4_096,
  /** Their bytes, all together. */
  heldBytesMax: 256 * 2 ** 20,
  /** Rounds before the rest of the block runs on one member. */
  roundsMax: 3,
  /** Contracts whose calls are known to meet. */
  serialContractsMax: 4_096,
  /** Codes kept between blocks. */
  codeBytesKeptMax: 64 * 2 ** 20,
  /** Keys that one run guesses. */
  guessesMax: 256,
  /** Runs that lack something and are waited for: few at first, twice as many whenever all have got it. */
  blockedMaxFirst: 4,
  blockedMaxLast: 1_024,
} as const;

/** What is remembered of calls, to ask for what the next ones will need. */
export const forecastLimits = {
  functions: 2_048,
  /** Calls before it is worth learning from them, and from how many. */
  callsBefore: 8,
  callsLearnt: 3,
  slotsEach: 64,
  argumentsUsed: 4,
  /** State variables in front of a contract that a mapping is looked for at. */
  places: 16,
} as const;
