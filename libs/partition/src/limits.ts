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
  /** Addresses whose owner is remembered: a power of two, 22 bytes each. */
  ownersKept: 131_072,
  /** Codes kept between blocks. */
  codeBytesKeptMax: 64 * 2 ** 20,
  /** Members of a lane in which each reads its senders' transactions while the block is placed: with more there are too few for each. */
  earlyReadingMembersMax: 4,
  /** Keys that one run guesses. */
  guessesMax: 256,
  /** Runs of one position in vain before others are asked to look what it needs, and how often they are. */
  vainBeforeScouts: 1,
  scoutsMax: 512,
  /** Runs that lack something and are waited for: few at first, twice as many whenever all have got it. */
  blockedMaxFirst: 4,
  blockedMaxLast: 1_024,
} as const;

/** What is remembered of calls, to ask for what the next ones will need. */
export const forecastLimits = {
  /** By name, and by name with whom they are sent to: the oldest goes for the next. */
  functions: 4_096,
  /** Calls of one name that are learnt from. */
  callsLearnt: 64,
  /** Of these, kept until a call like them comes. */
  callsUnread: 4,
  /** Up to so many, all that they looked at is expected; from more, what two of them did. */
  callsFew: 2,
  /** Entries of mappings are expected when one of so many calls looked at them. */
  entryShareMin: 4,
  /** Accounts of one name, and slots. */
  keysEach: 96,
  argumentsUsed: 6,
  /** State variables in front of a contract that a mapping is looked for at. */
  places: 16,
} as const;

/** What is remembered of contracts by their code. */
export const usualSlotsLimits = {
  codes: 4_096,
  slotsEach: 12,
  /** Slots that are asked for with one that follows another. */
  slotsAhead: 7,
} as const;
