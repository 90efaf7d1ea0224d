// Goal: room is nobody else's, also where one buffer ends and the next one begins.
// Method: more than three buffers' worth of copies of lengths that do not divide a buffer, each with bytes of its own.
import { pooledCopy } from './pooled-bytes.ts';

test('copies keep what they were made of', () => {
  const originals = Array.from({ length: 1_500 }, (_, n) => new Uint8Array((n % 64) + 1).fill(n));
  const copies = originals.map(pooledCopy);
  expect(copies).toEqual(originals);
  for (const original of originals) original.fill(0);
  copies.forEach((copy, n) => expect(copy.every((byte) => byte === (n & 255))).toBe(true));
});
