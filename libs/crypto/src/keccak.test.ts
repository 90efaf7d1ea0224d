// Goal: keccak256 is Ethereum's, before and after the WebAssembly hasher takes over.
// Method: published digests at once and again once hash-wasm is compiled; fast-check against noble as the oracle.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@sheaf/primitives';
import fc from 'fast-check';
import { createKeccak } from 'hash-wasm';
import { keccak256 } from './keccak.ts';

const published: [string, string][] = [
  ['', '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'],
  ['abc', '0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45'],
];

const expectPublished = () => {
  for (const [text, digest] of published) {
    expect(bytesToHex(keccak256(new TextEncoder().encode(text)))).toBe(digest);
  }
};

test('published digests, whichever hasher answers', async () => {
  expectPublished();
  await createKeccak(256);
  expectPublished();
});

test('agrees with noble on every length, and gives fresh bytes', async () => {
  await createKeccak(256);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
      const digest = keccak256(data);
      expect(bytesToHex(digest)).toBe(bytesToHex(keccak_256(data)));
      const kept = bytesToHex(digest);
      keccak256(new Uint8Array(1));
      expect(bytesToHex(digest)).toBe(kept);
    }),
  );
});
