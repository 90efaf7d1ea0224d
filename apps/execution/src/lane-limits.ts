/** Every maximum and time of the streams between members, in one place. Over it a connection ends with LIMIT or DEADLINE. */
export const laneLimits = {
  /** Members of a lane: no more than buckets. */
  membersMax: 256,
  /** UTF-8 bytes of a lane's name. */
  laneNameBytesMax: 64,
  /** Bodies in one frame, and a piece of a longer body. Well within `grpcMessageBytesMax`. */
  frameBytesMax: 262_144,
  /** Pieces below this are no way to send a long body, but for its last. */
  chunkBytesMin: 4_096,
  /** One message, joined again. The longest are a payload with its placement and the access lists for one that is behind. */
  messageBytesMax: 67_108_864,
  /** What one peer may have waiting to be sent: two of the longest. */
  queueBytesMax: 134_217_728,
  /** What a message counts beside its bytes, so that empty ones are not without end. */
  messageOverheadBytes: 64,
  /** Streams that have not said who they are. */
  strangersMax: 64,
  pingMs: 1_000,
  /** A peer that said nothing for so long is gone; above the longest time for which a member's event loop may stand still. */
  silenceMsMax: 10_000,
  /** Between two attempts to reach a peer; doubles from one to the next until a connection has lived for the longest. */
  reconnectMsMin: 50,
  reconnectMsMax: 2_000,
} as const;

export type LaneLimits = { readonly [K in keyof typeof laneLimits]: number };

/** Every maximum and time of reads across the members of a lane, likewise. */
export const laneReadLimits = {
  /** How long a member waits for a block that it has not committed: it does so a moment after the coordinator. */
  waitMsMax: 2_000,
  /** One request to a member, its waiting included. */
  requestMsMax: 5_000,
  /** Of a request that met UNAVAILABLE: attempts in all. */
  attemptsMax: 2,
  /** Requests that a member answers at a time. */
  requestsMax: 256,
  /** Accounts in one request for state. */
  accountsMax: 1_024,
  /** Slots in one such request, of all its accounts together. */
  slotsMax: 1_024,
  /** Codes in one request for them. */
  codesMax: 1_024,
  /** Codes in one answer, bytes; the first is there whatever it has. */
  codeBytesMax: 4_194_304,
  /** Codes that a block read, in the request for a part of its witness. Gas pays for fewer. */
  witnessCodesMax: 65_536,
  /** Heights whose upper levels of the state trie are kept, for proofs. */
  mergedKept: 8,
  /** Answers that one run of a call guesses before it stops at what is missing. */
  guessesMax: 256,
  /** Times that one call is run anew with what it lacked: as deep as its reads depend on one another. */
  callRoundsMax: 1_000,
  /** Accounts and slots that one call fetches from other members. */
  callKeysMax: 65_536,
  /** Codes that one call fetches from other members, bytes. */
  callCodeBytesMax: 67_108_864,
  /** Blocks whose values a thread keeps for later calls. */
  valueBlocksKept: 4,
  /** Accounts and slots of one of them; with more they are fetched anew. */
  valuesKept: 100_000,
  /** Codes that a thread keeps for later calls, bytes; with more they are fetched anew. */
  codeBytesKept: 16_777_216,
} as const;

export type LaneReadLimits = { readonly [K in keyof typeof laneReadLimits]: number };
