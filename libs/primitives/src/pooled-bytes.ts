const chunkBytes = 16_384;

let chunk = new Uint8Array(chunkBytes);
let next = 0;

/**
 * Room for so many bytes (at most 16,384) in a buffer that is shared with what is made about then: with a buffer of its own a key or a
 * value of 32 bytes takes twice as much, and what collects garbage copies that. Not for the few of many that are kept for long: each
 * keeps the whole buffer.
 */
export function pooledBytes(length: number): Uint8Array {
  if (next + length > chunkBytes) {
    chunk = new Uint8Array(chunkBytes);
    next = 0;
  }
  const start = next;
  next += length;
  return new Uint8Array(chunk.buffer, start, length);
}

/** A copy in such room. */
export function pooledCopy(bytes: Uint8Array): Uint8Array {
  const copy = pooledBytes(bytes.length);
  for (let i = 0; i < copy.length; i++) copy[i] = bytes[i]!;
  return copy;
}
