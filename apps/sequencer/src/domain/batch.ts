/** Bytes that one blob carries: 4,096 field elements of 31 usable bytes. */
const blobPayloadBytes = 4_096 * 31;

/** Bounds of one batch. */
export interface BatchBounds {
  readonly payloadsMax: number;
  readonly blobsMax: number;
}

/**
 * How many of the payloads, from the first on, go into one batch: as many as surely fit the blobs uncompressed, and at
 * least one, so that a payload larger than that still goes out (it takes at most 17 blobs of the 32 a batch may have). `blobsMax` is at least one below what a batch may have: raw DEFLATE adds 5 bytes to every 64 KiB that
 * do not compress.
 */
export function batchLength(payloadBytes: readonly number[], bounds: BatchBounds): number {
  let bytes = 0;
  let count = 0;
  for (const size of payloadBytes) {
    // Up to 9 bytes of RLP header an item; the list's header and the length prefix are in the rounding of the last blob.
    bytes += size + 9;
    if (count > 0 && (count >= bounds.payloadsMax || bytes > bounds.blobsMax * blobPayloadBytes - 64)) break;
    count += 1;
  }
  return count;
}
