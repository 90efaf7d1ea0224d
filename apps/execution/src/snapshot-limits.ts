/** Every maximum and time of snapshots between members, in one place. */
export const snapshotLimits = {
  /** Parts that are streamed to others at a time, streams; more are refused with LIMIT. */
  streamsMax: 4,
  /** Parts wanted in one stream. */
  wantsMax: 64,
  /** One want: at most the hashes of 64 codes. */
  wantBytesMax: 4_096,
  /** One answer. */
  answerBytesMax: 1_048_576,
  /** Headers that go with a state: as many as BLOCKHASH sees. */
  headersMax: 256,
  headerBytesMax: 1_024,
  /** Members that are asked for a state. */
  sourcesMax: 256,
  /** One question but for parts. */
  requestMsMax: 5_000,
  /** One stream of parts: a source that has not answered all of them by then is left for the next one. */
  streamMsMax: 30_000,
  /** Between two tries to get a state, doubling. */
  retryMsMin: 100,
  retryMsMax: 2_000,
  /** Times in a row that no source could be reached for parts, before heights and sources are looked at anew. */
  failuresMax: 8,
  /** Rows between two lines in the log. */
  rowsPerLine: 50_000,
} as const;
