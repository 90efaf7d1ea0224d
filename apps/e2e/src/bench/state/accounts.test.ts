// Goal: every process makes the same accounts, in the order that a load needs.
// Method: a few thousand, compared with a plain sort of their hashes.
import { bytesToHex } from '@sheaf/primitives';
import { keccak256 } from '@sheaf/trie';
import { accountOf, addressOf, sortAccounts } from './accounts.ts';

test('accounts come by rising key, each once, and a bucket starts at its first', async () => {
  const count = 3_000;
  const sorted = await sortAccounts(count);
  const expected = Array.from({ length: count }, (_, number) => ({
    number,
    key: bytesToHex(keccak256(addressOf(number))),
  })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const found = expected.map((_, rank) => ({
    number: sorted.numberAt(rank),
    key: bytesToHex(sorted.keyAt(rank)),
  }));
  expect(found).toEqual(expected);
  for (const bucket of [0, 1, 128, 255, 256]) {
    expect(sorted.bucketStart(bucket)).toBe(
      expected.filter(({ key }) => parseInt(key.slice(2, 4), 16) < bucket).length,
    );
  }
});

test('addresses and balances differ up to the last number', () => {
  const numbers = [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1];
  expect(new Set(numbers.map((number) => bytesToHex(addressOf(number)))).size).toBe(numbers.length);
  expect(new Set(numbers.map((number) => accountOf(number).balance)).size).toBe(numbers.length);
});
