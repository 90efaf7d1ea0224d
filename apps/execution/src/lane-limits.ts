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
