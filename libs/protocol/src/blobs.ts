import { keccak256 } from '@sheaf/crypto';
import { bytesToBigint, ChainError, concatBytes, decodeRlp, encodeRlp, equalBytes, limits } from '@sheaf/primitives';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { encodePayload, payloadFromRlp, type Payload } from './payload.ts';
import { readList } from './rlp.ts';

// The packed stream, 31 bytes to a field element (so that every element is below the modulus), zeros to the blob's end:
//
//   1 byte version 1 · 4 bytes length of the body · 32 bytes Keccak of the body · body = raw DEFLATE of RLP(payloads)
//
// The hash makes every altered byte visible before anything is inflated. node:zlib is the one thing here that a browser
// lacks; it is small enough to be passed in when a browser needs this.

const blobBytes = 131_072;
const elementBytes = 32;
const usableBytesPerBlob = (blobBytes / elementBytes) * 31;
const headBytes = 37;
const version = 1;

/** Inflated RLP of one batch: bounds what a hostile stream can make a reader allocate. */
export const batchRlpBytesMax = 16_777_216;

/**
 * The payloads of one batch as blobs: 1 to 32, each 131,072 bytes.
 * @throws ChainError `LIMIT` when they do not fit 32 blobs or 16 MiB: pack fewer; `INVALID_ARGUMENT` for none, more
 * than 256, or heights that do not follow one another
 */
export function packPayloads(payloads: Payload[]): Uint8Array[] {
  requireRun(payloads, (message) => new ChainError({ code: 'INVALID_ARGUMENT', field: 'payloads', message }));
  const rlp = joinPayloads(payloads);
  if (rlp.length > batchRlpBytesMax) throw tooLarge(`${rlp.length} bytes of RLP, more than ${batchRlpBytesMax}`);
  const body = new Uint8Array(deflateRawSync(rlp));
  const head = new Uint8Array(headBytes);
  head[0] = version;
  new DataView(head.buffer).setUint32(1, body.length);
  head.set(keccak256(body), 5);
  const stream = concatBytes(head, body);
  const count = Math.ceil(stream.length / usableBytesPerBlob);
  if (count > limits.batchBlobsMax) throw tooLarge(`${count} blobs, more than ${limits.batchBlobsMax}`);
  return Array.from({ length: count }, (_, index) =>
    toBlob(stream.subarray(index * usableBytesPerBlob, (index + 1) * usableBytesPerBlob)),
  );
}

/**
 * The inverse of `packPayloads`. Nothing else is accepted: no byte of any blob can be altered, added or left out.
 * @throws ChainError `DATA_LOSS`
 */
export function unpackPayloads(blobs: Uint8Array[]): Payload[] {
  if (blobs.length < 1 || blobs.length > limits.batchBlobsMax) throw broken(`${blobs.length} blobs`);
  const stream = concatBytes(...blobs.map(fromBlob));
  if (stream[0] !== version) throw broken(`version ${stream[0]}`);
  const bodyBytes = Number(bytesToBigint(stream.subarray(1, 5)));
  const end = headBytes + bodyBytes;
  if (Math.ceil(end / usableBytesPerBlob) !== blobs.length) throw broken(`${bodyBytes} bytes in ${blobs.length} blobs`);
  if (stream.subarray(end).some((byte) => byte !== 0)) throw broken('bytes after the end');
  const body = stream.subarray(headBytes, end);
  if (!equalBytes(keccak256(body), stream.subarray(5, headBytes))) throw broken('a hash that does not match');
  const rlp = inflate(body);
  try {
    const items = readList(decodeRlp(rlp, 'payloads'), { max: limits.batchPayloadsMax }, 'payloads');
    const payloads = items.map((item, index) => payloadFromRlp(item, `payloads.${index}`));
    requireRun(payloads, broken);
    return payloads;
  } catch (cause) {
    throw cause instanceof ChainError && cause.code === 'INVALID_ARGUMENT' ? broken(cause.message, cause) : cause;
  }
}

/** RLP list of the payloads' own encodings. */
function joinPayloads(payloads: Payload[]): Uint8Array {
  return encodeRlp(payloads.map((payload) => decodeRlp(encodePayload(payload), 'payload')));
}

function inflate(body: Uint8Array): Uint8Array {
  try {
    // With `info` the engine is returned too: it knows how much of the input it read.
    const { buffer, engine } = inflateRawSync(body, { maxOutputLength: batchRlpBytesMax, info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (engine.bytesWritten !== body.length) throw broken('bytes after the compressed stream');
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (cause) {
    throw cause instanceof ChainError ? cause : broken('a compressed stream that does not inflate', cause);
  }
}

function toBlob(part: Uint8Array): Uint8Array {
  const blob = new Uint8Array(blobBytes);
  for (let from = 0, to = 1; from < part.length; from += 31, to += elementBytes) {
    blob.set(part.subarray(from, from + 31), to);
  }
  return blob;
}

function fromBlob(blob: Uint8Array): Uint8Array {
  if (blob.length !== blobBytes) throw broken(`a blob of ${blob.length} bytes`);
  const part = new Uint8Array(usableBytesPerBlob);
  for (let from = 0, to = 0; from < blobBytes; from += elementBytes, to += 31) {
    if (blob[from] !== 0) throw broken('a field element with a high byte');
    part.set(blob.subarray(from + 1, from + elementBytes), to);
  }
  return part;
}

function requireRun(payloads: Payload[], refuse: (message: string) => ChainError): void {
  if (payloads.length < 1 || payloads.length > limits.batchPayloadsMax) {
    throw refuse(`payloads must be 1 to ${limits.batchPayloadsMax}, got ${payloads.length}`);
  }
  payloads.forEach((payload, index) => {
    if (index > 0 && payload.height !== payloads[index - 1]!.height + 1n) {
      throw refuse(`payload ${payload.height} follows ${payloads[index - 1]!.height}`);
    }
  });
}

function tooLarge(what: string): ChainError {
  return new ChainError({ code: 'LIMIT', message: `batch takes ${what}`, retryAfterMs: 0 });
}

function broken(what: string, cause?: unknown): ChainError {
  return new ChainError({ code: 'DATA_LOSS', message: `blobs hold no batch: ${what}` }, { cause });
}
