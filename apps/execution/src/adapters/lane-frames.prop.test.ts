// Goal: frames written and read here are those of the generated code, whatever is in them.
// Method: arbitrary frames both ways against it, at lengths about every change of a varint; and bytes of others, cut and changed.
import { laneV1 } from '@sheaf/proto';
import * as fc from 'fast-check';
import { decodeFrame, encodeFrame } from './lane-frames.ts';

const { LaneFrame } = laneV1;
const edges = [0, 1, 125, 126, 127, 128, 16_379, 16_383, 16_384, 70_000];
const short = [0, 1, 126, 127, 128, 300];
const bytesOf = (lengths: readonly number[]) =>
  fc
    .tuple(fc.constantFrom(...lengths), fc.integer({ min: 0, max: 255 }))
    .map(([length, fill]) => Buffer.alloc(length, fill));
const frameOf = (bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<laneV1.LaneFrame> =>
  fc.oneof(
    fc
      .record({ bodies: fc.array(bytes, { maxLength: 5 }) })
      .map((value) => ({ frame: { $case: 'messages', value } as const })),
    fc
      .record({ part: bytes, first: fc.boolean(), last: fc.boolean() })
      .map((value) => ({ frame: { $case: 'chunk', value } as const })),
    fc.record({ number: fc.nat() }).map((value) => ({ frame: { $case: 'ping', value } as const })),
    fc.constant({ frame: undefined }),
  );

/** Comparing Buffers byte by byte takes jest seconds. */
const legible = (value: unknown) =>
  JSON.stringify(value, (_, one: { type?: string; data?: number[] }) =>
    one?.type === 'Buffer' ? Buffer.from(one.data!).toString('base64') : one,
  );

test('the bytes are those of the generated code, and either reads what the other wrote', () => {
  fc.assert(
    fc.property(frameOf(bytesOf(edges)), (value) => {
      const encoded = encodeFrame(value);
      expect(encoded.equals(LaneFrame.encode(value).finish())).toBe(true);
      expect(legible(decodeFrame(encoded))).toBe(legible(LaneFrame.decode(encoded)));
    }),
  );
});

test('lengths over two MiB are written right', () => {
  const value: laneV1.LaneFrame = { frame: { $case: 'messages', value: { bodies: [Buffer.alloc(2_097_152, 5)] } } };
  const encoded = encodeFrame(value);
  expect(encoded.equals(LaneFrame.encode(value).finish())).toBe(true);
  expect(legible(decodeFrame(encoded))).toBe(legible(value));
});

test('damaged bytes are read, or refused, as the generated code does', () => {
  const outcome = (decode: () => unknown): unknown => {
    try {
      return decode();
    } catch {
      return 'refused';
    }
  };
  const damage = fc.record({ at: fc.nat(40), byte: fc.integer({ min: 0, max: 255 }), cut: fc.nat(8) });
  fc.assert(
    fc.property(frameOf(bytesOf(short)), damage, (value, { at, byte, cut }) => {
      const encoded = encodeFrame(value);
      if (at < encoded.length) encoded[at] = byte;
      const damaged = encoded.subarray(0, encoded.length - Math.min(cut, encoded.length));
      expect(outcome(() => decodeFrame(damaged))).toEqual(outcome(() => LaneFrame.decode(damaged)));
    }),
    { numRuns: 2_000 },
  );
});
