// Goal: the WebAssembly keccak256 is Ethereum's, alone and in pairs, and its digests are the caller's to keep.
// Method: published digests; every length around whole blocks, alone and among others, against noble.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@sheaf/primitives';
import { keccak256, keccakMany } from './keccak.ts';

/** Bytes that differ with their length and place. */
function message(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + length * 7) & 0xff);
}

test('published digests', () => {
  const digestOf = (text: string) => bytesToHex(keccak256(new TextEncoder().encode(text)));
  expect(digestOf('')).toBe('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
  expect(digestOf('abc')).toBe('0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
});

test('every length up to five blocks, alone and in pairs', () => {
  const messages = Array.from({ length: 5 * 136 + 2 }, (_, length) => message(length));
  const expected = messages.map((each) => bytesToHex(keccak_256(each)));
  expect(messages.map((each) => bytesToHex(keccak256(each)))).toEqual(expected);
  expect(keccakMany(messages).map(bytesToHex)).toEqual(expected);
});

test('messages of all lengths mixed, more than are in memory at once, and one that is larger than that', () => {
  const messages = Array.from({ length: 3000 }, (_, i) => message((i * 977) % 1500));
  messages.splice(1000, 0, message(3_000_000));
  expect(keccakMany(messages).map(bytesToHex)).toEqual(messages.map((each) => bytesToHex(keccak_256(each))));
  expect(keccakMany([])).toEqual([]);
});

test('digests stay when more is hashed', () => {
  const digest = keccak256(message(1));
  const [first] = keccakMany([message(2), message(3)]);
  keccakMany([message(4), message(5)]);
  expect(bytesToHex(digest)).toBe(bytesToHex(keccak_256(message(1))));
  expect(bytesToHex(first!)).toBe(bytesToHex(keccak_256(message(2))));
});
