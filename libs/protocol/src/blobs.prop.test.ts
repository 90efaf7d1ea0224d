// Goal: payloads and blobs correspond one to one; whatever is altered, added or left out is DATA_LOSS, within bounds.
// Method: fast-check round trips; every kind of change to the blobs; streams forged with a right hash and a wrong body.
import { keccak256 } from '@sheaf/crypto';
import { concatBytes, encodeRlp, isChainError, toHeight } from '@sheaf/primitives';
import fc from 'fast-check';
import { deflateRawSync } from 'node:zlib';
import { payload as payloadArbitrary, run } from '../test/arbitraries.ts';
import { packPayloads, unpackPayloads } from './blobs.ts';
import { encodePayload } from './payload.ts';

const isLost = (blobs: Uint8Array[]) => {
  try {
    unpackPayloads(blobs);
  } catch (error) {
    return isChainError(error, 'DATA_LOSS');
  }
  return false;
};
/** Bytes that do not compress. */
const noise = (length: number, seed: number) => {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24);
};
const [sample] = fc.sample(payloadArbitrary, { numRuns: 1, seed: 2 });
const large = (height: bigint, transactions: number) => ({
  ...sample!,
  height: toHeight(height),
  transactions: Array.from({ length: transactions }, (_, index) => noise(131_072, Number(height) * 100 + index + 1)),
});

/** Blobs around any body, with a right head. */
const forge = (body: Uint8Array, options: { version?: number; length?: number; tail?: Uint8Array } = {}) => {
  const head = new Uint8Array(37);
  head[0] = options.version ?? 1;
  new DataView(head.buffer).setUint32(1, options.length ?? body.length);
  head.set(keccak256(body), 5);
  const stream = concatBytes(head, body, options.tail ?? new Uint8Array(0));
  const blobs: Uint8Array[] = [];
  for (let from = 0; from < stream.length; from += 126_976) {
    const blob = new Uint8Array(131_072);
    stream.subarray(from, from + 126_976).forEach((byte, index) => {
      blob[Math.floor(index / 31) * 32 + 1 + (index % 31)] = byte;
    });
    blobs.push(blob);
  }
  return blobs;
};

test('round trip; every field element is below the modulus', () => {
  fc.assert(
    fc.property(run, (payloads) => {
      const blobs = packPayloads(payloads);
      expect(blobs.every((blob) => blob.length === 131_072)).toBe(true);
      expect(blobs.every((blob) => blob.every((byte, index) => index % 32 !== 0 || byte === 0))).toBe(true);
      expect(unpackPayloads(blobs)).toEqual(payloads);
    }),
    { numRuns: 30 },
  );
});

test('payloads of several blobs; any blob missing, repeated, added or moved is lost', () => {
  const payloads = [large(7n, 2), large(8n, 1)];
  const blobs = packPayloads(payloads);
  expect(blobs).toHaveLength(4);
  expect(unpackPayloads(blobs)).toEqual(payloads);
  expect(isLost([])).toBe(true);
  expect(isLost(blobs.slice(0, 3))).toBe(true);
  expect(isLost(blobs.slice(1))).toBe(true);
  expect(isLost([...blobs, new Uint8Array(131_072)])).toBe(true);
  expect(isLost([blobs[1]!, blobs[0]!, ...blobs.slice(2)])).toBe(true);
  expect(isLost([...blobs.slice(0, 3), blobs[3]!.subarray(1)])).toBe(true);
});

test('any altered byte is lost', () => {
  fc.assert(
    fc.property(run, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (payloads, at, change, early) => {
      const blobs = packPayloads(payloads);
      const blob = blobs[at % blobs.length]!;
      const position = at % (early ? 2_000 : blob.length);
      expect(isLost(blobs.with(at % blobs.length, blob.with(position, blob[position]! ^ change)))).toBe(true);
    }),
    { numRuns: 100 },
  );
});

test('a stream with a right hash is still held to the format', () => {
  const item = encodePayload(sample!);
  const list = encodeRlp([]);
  const body = (rlp: Uint8Array) => new Uint8Array(deflateRawSync(rlp));
  const good = new Uint8Array(deflateRawSync(Buffer.concat([listHead(item.length), item])));
  expect(unpackPayloads(forge(good))).toEqual([sample]);
  expect(isLost(forge(good, { version: 2 }))).toBe(true);
  expect(isLost(forge(good, { length: good.length + 1 }))).toBe(true);
  expect(isLost(forge(good, { length: 0xffffffff }))).toBe(true);
  expect(isLost(forge(good, { tail: Uint8Array.from([1]) }))).toBe(true);
  expect(isLost(forge(concatBytes(good, Uint8Array.from([0]))))).toBe(true);
  expect(isLost(forge(good.subarray(0, good.length - 1)))).toBe(true);
  expect(isLost(forge(new Uint8Array(0)))).toBe(true);
  expect(isLost(forge(body(list)))).toBe(true);
  expect(isLost(forge(body(item)))).toBe(true);
  expect(isLost(forge(body(Buffer.concat([listHead(2 * item.length), item, item]))))).toBe(true);
});

test('a stream that inflates beyond 16 MiB is lost, not allocated', () => {
  expect(isLost(forge(new Uint8Array(deflateRawSync(Buffer.alloc(64 * 1024 * 1024)))))).toBe(true);
});

test('what does not fit is LIMIT, what is no run is refused', () => {
  const many = Array.from({ length: 3 }, (_, index) => large(BigInt(index + 1), 15));
  expect(() => packPayloads(many)).toThrow('more than 32');
  const compressible = Array.from({ length: 9 }, (_, index) => ({
    ...large(BigInt(index + 1), 0),
    transactions: new Array<Uint8Array>(15).fill(new Uint8Array(131_072)),
  }));
  expect(() => packPayloads(compressible)).toThrow('more than 16777216');
  expect(() => packPayloads([])).toThrow('1 to 256');
  expect(() => packPayloads([large(1n, 0), large(3n, 0)])).toThrow('payload 3 follows 1');
});

/** RLP head of a list of more than 55 and less than 65,536 bytes. */
function listHead(length: number): Uint8Array {
  return length < 256 ? Uint8Array.from([0xf8, length]) : Uint8Array.from([0xf9, length >> 8, length & 255]);
}
